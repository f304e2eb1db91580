//! The VRRP engine: one virtual router as a value, without socket or clock.
#![no_std]
#![deny(clippy::indexing_slicing)]

extern crate alloc;

pub mod config;
pub mod drop_reason;
pub mod event;
pub mod lease;
mod outbox;
pub mod receive;
mod router;
pub mod status;

pub use config::{Centiseconds, Config, Family, Priority, TrackService, Vrid};
pub use drop_reason::DropReason;
pub use event::{Event, Reason};
pub use outbox::Transmit;
pub use receive::{Received, receive};
pub use router::{Input, VirtualRouter};
pub use status::{Counters, Forwarder, Peer, State, Status, WhyItem};
