//! The twins that need no kernel: the same traits, with a test holding the other end.

mod lane;

pub use lane::{MemoryLane, MemoryWire};
