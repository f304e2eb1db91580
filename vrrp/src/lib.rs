//! The VRRP engine: one virtual router as a value, without socket or clock.
//!
//! **Standards.** VRRP version 3 over IPv4 and IPv6: the machine of RFC 5798 6.4 in the words of
//! RFC 9568 (Active for Master), whose three changes it has: the checksum of the message alone is
//! taken over IPv4 too, an advert that loses is answered at once, and adverts are discarded by
//! version, type and count. Clause numbers are RFC 5798's.
//!
//! **Inputs**: adverts that [`receive`](fn@receive) let through, the interface's address, the
//! forwarder's pulse, services that live or die, a lease that still holds, a stop. **Outputs**: whole
//! frames (adverts, gratuitous ARP requests, unsolicited neighbor advertisements), events, the
//! [`lease`](VirtualRouter::lease) of the virtual MAC, [`status`](VirtualRouter::status) and
//! [`why`](VirtualRouter::why). **States**: [`State`]. **Timers** ([`timers`]):
//! `Active_Down_Timer`, `Adver_Timer`, the second announcement, the limit of a farewell.
//! **Bounds**: [`config::MAX_ADDRESSES`] addresses; frames, events and history in fixed queues; an
//! advert of at most 255 addresses is the most that a peer makes it hold.
//!
//! # What it adds to the standard
//! * **The lease.** A box is Active for Active_Down_Interval after its last advert: just as long as
//!   others believe it. An Active router that slept past that listens before it speaks; one whose
//!   process was killed goes on while it holds.
//! * **The farewell.** After priority 0 the lease stays until another router is heard, or until any
//!   Backup would have taken over, so that somebody serves at every moment.
//! * **The forwarder.** Nobody is Active whose forwarder stands still: priority 0, Backup; a claim
//!   waits until it goes on.
//! * **Lateness.** An Active_Down_Timer that is looked at more than two intervals late says nothing
//!   of the Active router, whose adverts may lie unread: it runs once more, but only once.
//! * **Loops.** Adverts from our own address are counted and never answered.
//! * **The checksum's form** over IPv4 is a pseudo-header's (RFC 5798 5.2.8) until a peer is heard
//!   that sums otherwise; then it is the peer's.
//!
//! # What it does not do
//! VRRP version 2, authentication, unicast peers, Accept_Mode, router advertisements. It answers no
//! ARP or neighbor solicitation and forwards nothing: the forwarder does, by the lease.
//!
//! The law of its loop: one call that mutates, drain frames and events, store the lease, sleep until
//! an input or [`VirtualRouter::poll_timeout`].
//!
//! ```
//! use vrrp::{Centiseconds, Config, Forwarder, Input, Priority, State, VirtualRouter, Vrid};
//! use wire::Instant;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config {
//!     name: "inside".into(),
//!     interface: "bond0".into(),
//!     virtual_router_id: Vrid::new(51).ok_or("not 0")?,
//!     priority: Priority::DEFAULT,
//!     advert_int: Centiseconds::SECOND,
//!     preempt: false,
//!     virtual_ipaddress: vec!["10.80.2.1".parse()?],
//!     track_service: vec![],
//! };
//! let now = Instant::from_nanos(0);
//! let mut router = VirtualRouter::new(config, now);
//! router.handle_input(now, Input::Forwarder(Forwarder::Alive));
//! router.handle_input(now, Input::Interface(Some("10.80.2.2".parse()?)));
//! assert_eq!(router.state(), State::Backup);
//!
//! // Nobody is heard for three intervals and a skew.
//! let due = router.poll_timeout().ok_or("a Backup waits")?;
//! assert_eq!(due.as_nanos(), 3_609_375_000);
//! router.handle_timeout(due);
//! assert_eq!(router.state(), State::Active);
//! let advert = router.poll_transmit().ok_or("the advert comes first")?;
//! assert_eq!(vrrp::receive(&advert.frame).map(|advert| advert.vrid.get()), Ok(51));
//! # Ok(())
//! # }
//! ```
#![no_std]
#![deny(clippy::indexing_slicing)]

extern crate alloc;

mod advert;
pub mod config;
mod configure;
pub mod drop_reason;
pub mod event;
mod frame;
mod history;
pub mod lease;
mod machine;
mod outbox;
mod perform;
pub mod receive;
mod router;
mod show;
pub mod status;
pub mod timers;

pub use config::{Centiseconds, Config, Family, Priority, TrackService, Vrid};
pub use drop_reason::DropReason;
pub use event::{Event, Reason};
pub use outbox::Transmit;
pub use receive::{Received, receive};
pub use router::{Input, VirtualRouter};
pub use status::{Counters, Forwarder, Peer, State, Status, WhyItem};
