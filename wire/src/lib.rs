//! Packet formats and checksums: what bytes on the wire mean, and nothing else.
#![no_std]
#![deny(clippy::indexing_slicing)]

pub mod checksum;
pub mod error;
pub mod ethertype;
pub mod headers;
pub mod lacp;
pub mod mac;
pub mod marker;
pub mod protocol;
pub mod slow;
pub mod time;

pub use error::ParseError;
pub use mac::Mac;
pub use time::{Duration, Instant};
