//! AF_XDP: the steering program, the rings, and the lane of a worker made of them.
//!
//! A chunk of the umem, and a frame in it:
//! ```text
//! 0              256           256+len          2048 or 4096
//! | kept by the   | the frame    | room for it    |
//! | kernel; free  |              | to grow        |
//! | to prepend    |              |                |
//! ```
//! A frame is one descriptor: it fits its chunk, so a 4096-byte chunk carries an MTU up to about
//! 3.5 KB. Longer frames never reach the socket; the kernel counts them as dropped.

mod adopt;
mod config;
mod lane;
mod open;
mod pin;
mod program;
mod quarantine;
mod ring;
mod socket;
mod umem;

pub use config::{PortConfig, Shape, XdpMode};
pub use lane::XdpLane;
pub use open::{Opened, open};
pub use pin::PinDir;
pub use program::{MAX_QUEUES, Program};
pub use socket::Statistics;
