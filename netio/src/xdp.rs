//! AF_XDP: the steering program, the rings, and the lane of a worker made of them.
//!
//! A chunk of the umem, and a frame in it:
//! ```text
//! 0              256           256+len          2048 or 4096
//! | kept by the   | the frame    | room for it    |
//! | kernel; free  |              | to grow        |
//! | to prepend    |              |                |
//! ```
//! A frame that does not fit its chunk goes on in others, where the lane's [`Shape`] has long frames:
//! each chunk has a descriptor, and all but the last say that they are continued. The program sees as
//! much of such a frame as its driver has in one piece, which is more than all headers together.

mod adopt;
mod config;
mod lane;
mod long;
mod open;
mod pin;
mod program;
mod quarantine;
mod ring;
mod socket;
mod turn;
mod umem;

pub use config::{PortConfig, Shape, XdpMode};
pub use lane::XdpLane;
pub use open::{Opened, open};
pub use pin::PinDir;
pub use program::{MAX_QUEUES, Program};
pub use socket::Statistics;
