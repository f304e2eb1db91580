//! The forwarder: every data port's queues, the bonds' host interfaces, the connection table.
//!
//! Workers, one per queue and each on a thread of its own, run bond receive, lvs and bond transmit
//! ([`forward`], [`worker`]). One thread per bond moves frames between the workers and the kernel
//! ([`host`]). Everything else is the slow path, a single-threaded loop ([`daemon`]): the kernel's
//! routes and neighbours ([`kernel`]), the members' carrier ([`carrier`]), bondd's tables
//! ([`attach`]), vrrpd's leases ([`routers`]), healthd's verdicts ([`verdicts`]), another configuration
//! ([`reload`]), expiry of connections, and reports ([`show`]). Who captures gets copies ([`capture`]).
//!
//! What a worker reads is swapped by the slow path as a whole ([`shared`]); what it counts has one
//! writer ([`counters`]). A worker allocates nothing and takes no lock on the path of an existing
//! connection; the locks of [`ring`] and [`requests`] stand on the ways to the kernel only.

pub mod announce;
pub mod attach;
pub mod capture;
pub mod carrier;
pub mod cleared;
pub mod clock;
pub mod complaints;
pub mod counters;
pub mod daemon;
pub mod drain;
pub mod exits;
pub mod forward;
pub mod held;
pub mod hop_cache;
pub mod host;
pub mod keep;
pub mod kernel;
pub mod members;
pub mod nexthop;
pub mod nudge;
pub mod parked;

pub mod prepare;
pub mod quick_hash;
pub mod rates;
pub mod reason;
pub mod reload;
pub mod requests;
pub mod ring;
pub mod routers;
pub mod shared;
pub mod show;
pub mod start;
pub mod threads;
pub mod verdicts;
pub mod view;
pub mod worker;
