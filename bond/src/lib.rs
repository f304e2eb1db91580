//! The bonding engine: which members of a bond carry traffic, and which member a frame takes.
//!
//! **Standards.** Modes, options, defaults and transmit hashes are Linux bonding's
//! (all seven modes); the machines of `802.3ad` are those of IEEE 802.1AX, LACP version 1, coupled or
//! independent control.
//!
//! **Inputs**: slow-protocol frames, interfaces as they are, the forwarder's pulse.
//! **Outputs**: slow-protocol frames, events, and an [`egress`] table for the forwarder.
//! **States**: [`lacp::receive`], [`lacp::periodic`], [`lacp::selection`], [`lacp::mux`],
//! [`lacp::churn`], [`member::LinkState`]. **Timers**: `current_while`, `periodic_timer`, `wait_while`,
//! `churn`, `fallback_delay`, `updelay`, `downdelay`. **Bounds**: [`MAX_MEMBERS`] members; frames and events in fixed queues.
//!
//! No socket, no clock, no log: time is an argument, and everything that happens is an event. The
//! law of its loop: one call that mutates, drain frames and events, sleep until an input or
//! [`Bond::poll_timeout`].
//!
//! What it does not do: gratuitous ARP, and telling clients anew: the forwarder does.
//!
//! ```
//! use bond::{Bond, Config, Input, Interface, Mode};
//! use wire::{Instant, Mac};
//!
//! let now = Instant::from_nanos(0);
//! let mut bond = Bond::new(Config::new("bond0", Mode::ActiveBackup, &["eth1", "eth2"]), now);
//! let mac = Mac([2, 0, 0, 0, 0, 1]);
//! let up = Interface { ifindex: 3, mac, carrier: true, ..Interface::default() };
//! bond.handle_input(now, Input::Link { member: 1, interface: up });
//! assert_eq!(bond.egress().choose(0x1234, 0), Some(1));
//! assert!(bond.poll_event().is_some());
//! ```
#![no_std]
#![deny(clippy::indexing_slicing)]

extern crate alloc;

pub mod activate;
mod active_backup;
mod adaptive;
pub mod balance_alb;
pub mod balance_rr;
pub mod balance_tlb;
mod balance_xor;
mod bond;
mod broadcast;
mod broadcast_neighbor;
pub mod bucket_set;
mod change;
pub mod config;
pub mod damping;
pub mod drop_reason;
pub mod egress;
pub mod event;
mod fail_over_mac;
pub mod feedback;
pub mod hash;
pub mod identity;
pub mod lacp;
mod learning;
pub mod member;
pub mod monitor;
pub mod moves;
mod outbox;
mod path;
pub mod pulse;
pub mod rebalance;
pub mod receive;
mod renumbering;
pub mod resilient;
pub mod saved;
mod shares;
mod show;
pub mod status;
mod table;
pub mod transmit;
mod usable;
mod watch;

pub use adaptive::REBALANCE_INTERVAL;
pub use bond::{Bond, Forwarder, Input};
pub use config::{
    AdSelect, AdaptiveConfig, Address, ArpAllTargets, ArpValidate, Config, DampingConfig,
    FailOverMac, Fallback, LacpRate, Mapping, MemberConfig, MicroBfd, Mode, MonitorConfig,
    PrimaryReselect, XmitHashPolicy,
};
pub use drop_reason::DropReason;
pub use event::{End, Event};
pub use identity::Identity;
pub use member::{Duplex, Hold, Interface};
pub use outbox::{FRAME_MAX, FrameBytes, Transmit};
pub use renumbering::Renumbering;
pub use resilient::BUCKETS;
pub use saved::Saved;
pub use status::{LacpStatus, MemberStatus, PortStatus, Status, Why};
pub use usable::Usable;

/// The most members that a bond has.
pub const MAX_MEMBERS: usize = 16;

/// The largest MTU of a bond, in bytes: what is commonly called jumbo frames.
pub const MAX_MTU: u16 = 9_000;
