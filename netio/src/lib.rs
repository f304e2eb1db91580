//! What the forwarder and the control daemons do to the network: AF_XDP, AF_PACKET, TAP, rtnetlink,
//! ethtool and interface sysctls, with in-memory twins of what carries frames.
//!
//! | module | gives |
//! |---|---|
//! | [`frame`] | [`Lane`], a worker's frames and ports; [`Port`], one frame at a time |
//! | [`xdp`] | the lane over AF_XDP, its steering program, and how a restart adopts both |
//! | [`packet`] | a packet socket for one EtherType of one interface |
//! | [`tap`] | a bond's interface to the kernel |
//! | [`memory`] | the twins: a lane and a port whose wire is a test |
//! | [`netlink`] | links, addresses, routes, neighbours, and their changes |
//! | [`mod@ethtool`], [`sysctl`] | carrier, speed, queues, offloads; what the kernel answers itself |
//!
//! A frame has a head of one chunk, which all decisions are made from, and a tail of up to three more
//! where its lane is made for that: see [`frame::Frame`]. Nothing here looks routes up, or reads
//! configuration.
//!
//! # Example
//! ```
//! use netio::{Batch, Lane, memory::MemoryLane};
//!
//! // One turn of a worker: from port 0 to port 1, in the same memory.
//! let mut lane = MemoryLane::new(2, 64, 16)?;
//! let wire = lane.wire();
//! wire.inject(0, b"a frame");
//! let mut batch = Batch::new();
//! lane.receive(0, &mut batch);
//! for frame in batch {
//!     lane.bytes(&frame)[0] = b'A';
//!     if let Err(frame) = lane.transmit(1, frame) {
//!         lane.release(frame);
//!     }
//! }
//! lane.flush();
//! assert_eq!(wire.take(1), [b"A frame"]);
//! # Ok::<(), std::io::Error>(())
//! ```
#![allow(unsafe_code)] // the kernel's interfaces are rings, ioctls and socket options

pub mod error;
pub mod ethtool;
pub mod frame;
mod ifreq;
pub mod memory;
pub mod netlink;
pub mod packet;
mod poll;
pub mod sysctl;
mod tails;
pub mod tap;
pub mod xdp;

pub use error::{Error, Result};
pub use frame::{BATCH, Batch, CHUNKS_MAX, Frame, Lane, Parts, Port, PortIndex};
