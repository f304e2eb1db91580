//! The VRRP engine: one virtual router as a value, without socket or clock.
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
