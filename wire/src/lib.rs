//! Packet formats and checksums: what bytes on the wire mean, and nothing else.
#![no_std]
#![deny(clippy::indexing_slicing)]

pub mod mac;
pub mod time;

pub use mac::Mac;
pub use time::{Duration, Instant};
