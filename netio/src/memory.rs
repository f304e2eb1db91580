//! The twins that need no network: the same traits, with a test holding the other end.

mod lane;
mod port;

pub use lane::{MemoryLane, MemoryWire};
pub use port::MemoryPort;
