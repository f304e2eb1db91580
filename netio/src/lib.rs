//! AF_XDP, AF_PACKET, TAP, netlink and ethtool, each with an in-memory twin.
//!
//! The forwarder's workers see one thing: a [`frame::Lane`], which owns the frames of one queue over
//! all ports. [`xdp::XdpLane`] is the real one, [`memory::MemoryLane`] its twin.
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
pub mod tap;
pub mod xdp;

pub use error::{Error, Result};
pub use frame::{BATCH, Batch, Frame, Lane, Port, PortIndex};
