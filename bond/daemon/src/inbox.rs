//! What tasks see for the loop.

use std::path::PathBuf;

use sys::memory::SharedMemory;
use tokio::sync::mpsc;

use crate::port::Owner;

/// Something that a task saw for the loop. Bonds are named by their place in the configuration.
#[derive(Debug)]
pub enum Seen {
    /// A slow-protocol frame.
    Frame {
        /// Whose it is.
        owner: Owner,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// A frame to micro-BFD's port.
    Path {
        /// Whose it is.
        owner: Owner,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// lvsd serves the bond, or does so no longer.
    Forwarder {
        /// The bond.
        bond: usize,
        /// Which of its egress tables, of those that it has had.
        table: u32,
        /// Its feedback memory; none: the connection ended.
        feedback: Option<SharedMemory>,
    },
}

/// What a bond's tasks need of their host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where lvsd's socket is.
    pub run_dir: PathBuf,
    /// Where they tell what they see.
    pub sender: mpsc::Sender<Seen>,
}
