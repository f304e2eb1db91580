//! The health-check engine: when to probe a real server, and what its answers mean.
#![deny(clippy::indexing_slicing)]
#![no_std]

extern crate alloc;

pub mod config;
pub mod status;

pub use config::{CheckConfig, Config, Kind, StatusRange, TargetConfig};
pub use status::{Status, Verdict};
