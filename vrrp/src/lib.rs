//! The VRRP engine: one virtual router as a value, without socket or clock.
#![no_std]
#![deny(clippy::indexing_slicing)]

extern crate alloc;

pub mod config;
pub mod lease;
pub mod status;

pub use config::{Centiseconds, Config, Family, Priority, TrackService, Vrid};
pub use status::{State, Status};
