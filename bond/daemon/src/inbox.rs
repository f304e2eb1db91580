//! What tasks see for the loop.

use sys::memory::SharedMemory;

use crate::port::Place;

/// Something that a task saw for the loop. Bonds are named by their place in the configuration.
#[derive(Debug)]
pub enum Seen {
    /// A slow-protocol frame.
    Frame {
        /// The member.
        place: Place,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// A frame to micro-BFD's port.
    Path {
        /// The member.
        place: Place,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// lvsd serves the bond, or does so no longer.
    Forwarder {
        /// The bond.
        bond: usize,
        /// Its feedback memory; none: the connection ended.
        feedback: Option<SharedMemory>,
    },
}
