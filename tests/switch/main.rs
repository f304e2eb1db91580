//! The switch for tests: as a value on a clock that jumps, with sockets in the guests' place, and with
//! real programs in the network namespaces of an unprivileged user.

mod faults;
mod lacp;
mod lan;
mod learning;
mod sockets;
mod world;
