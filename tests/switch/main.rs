//! The switch for tests: as a value on a clock that jumps, with sockets in the guests' place, and with
//! real programs in the network namespaces of an unprivileged user.
#![expect(clippy::unwrap_used, reason = "a failed test panics")]

mod commands;
mod ends;
mod faults;
mod interface;
mod lacp;
mod lan;
mod learning;
mod sockets;
mod wires;
mod world;
