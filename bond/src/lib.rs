//! The bonding engine: which members of a bond carry traffic, and which member a frame takes.
//!
//! Modes are Linux bonding's (`active-backup`, `802.3ad`), with Linux's option names, defaults and
//! transmit hashes; the machines of `802.3ad` are those of IEEE 802.1AX (LACP version 1).
//! No socket, no clock, no log: time is an argument and everything that happens is an event.
#![no_std]
#![deny(clippy::indexing_slicing)]

extern crate alloc;

pub mod config;
pub mod drop_reason;
pub mod egress;
pub mod feedback;
pub mod hash;
pub mod receive;
pub mod resilient;

pub use config::{
    AdSelect, Address, Config, LacpRate, Mapping, MemberConfig, Mode, PrimaryReselect,
    XmitHashPolicy,
};
pub use drop_reason::DropReason;
pub use resilient::BUCKETS;

/// The most members that a bond has.
pub const MAX_MEMBERS: usize = 16;
