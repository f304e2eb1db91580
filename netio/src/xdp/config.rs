//! What a lane is made of, as it is configured and as it is stored beside its descriptors.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How frames get from the NIC into the umem, fastest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum XdpMode {
    /// The NIC writes into the umem; the driver must support it.
    ZeroCopy,
    /// The driver runs the program and the kernel copies.
    Native,
    /// The kernel runs the program on socket buffers; any driver.
    Generic,
}

impl XdpMode {
    /// All modes, in the order to try them.
    pub const ALL: [Self; 3] = [Self::ZeroCopy, Self::Native, Self::Generic];

    /// The word for it in configuration and in `show`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ZeroCopy => "zerocopy",
            Self::Native => "native",
            Self::Generic => "generic",
        }
    }
}

impl fmt::Display for XdpMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One port of a lane: a queue of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortConfig {
    /// The interface's name, in the network namespace of the calling thread.
    pub ifname: String,
    /// The receive and transmit queue, from 0.
    pub queue: u32,
}

/// The sizes of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Entries of each ring of each port; a power of two.
    pub ring_size: u32,
    /// Chunks of the umem. A frame has one, unless it is long.
    pub frames: u32,
    /// Bytes per chunk: 2048 or 4096.
    pub chunk: u32,
    /// Whether a frame may have several chunks, which Linux can from 6.6 on. A zero-copy driver may
    /// refuse; frames that do not fit one chunk are dropped by the kernel without this.
    pub long_frames: bool,
}

impl Shape {
    /// The shape that no traffic pattern over `ports` ports can starve: chunks for every entry of
    /// every fill, receive and transmit ring, since chunks drift to where the traffic goes. Long frames
    /// take as many entries as they have chunks, so that they need no more. Without a port it is that
    /// of one: there may be one later, and the umem has to have some size.
    #[must_use]
    pub fn for_ports(ports: usize, ring_size: u32, chunk: u32) -> Self {
        let ports = u32::try_from(ports.max(1)).unwrap_or(u32::MAX);
        Self {
            ring_size,
            frames: ring_size.saturating_mul(3).saturating_mul(ports),
            chunk,
            long_frames: false,
        }
    }

    /// This shape, with or without long frames.
    #[must_use]
    pub const fn with_long_frames(self, long_frames: bool) -> Self {
        Self {
            long_frames,
            ..self
        }
    }

    /// Bytes of the umem, which come first in its memory.
    pub(super) const fn umem_bytes(&self) -> usize {
        self.frames as usize * self.chunk as usize
    }

    /// Whether the sizes fit each other and `ports` ports.
    pub(super) fn check(&self, ports: usize) -> Result<()> {
        let fault = if !self.ring_size.is_power_of_two() || self.ring_size < 64 {
            "ring_size must be a power of two, 64 at least"
        } else if self.chunk != 2048 && self.chunk != 4096 {
            "chunk must be 2048 or 4096"
        } else if self.frames as usize <= self.ring_size as usize * ports {
            "frames must be more than the fill rings hold"
        } else if u32::try_from(self.umem_bytes()).is_err() {
            "the umem must be less than 4 GiB"
        } else {
            return Ok(());
        };
        Err(Error::new(
            format!("lane of {ports} ports"),
            io::Error::new(io::ErrorKind::InvalidInput, fault),
        ))
    }
}

/// What stands beside a lane's descriptors in the store, since the kernel does not tell it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// The layout of the memory; another one is not adopted.
    pub version: u32,
    pub mode: XdpMode,
    pub shape: Shape,
    pub ports: Vec<PortMeta>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PortMeta {
    #[serde(flatten)]
    pub config: PortConfig,
    /// The interface that the socket is bound to; a new one of the same name is another one.
    pub ifindex: u32,
}

/// The version of the memory's layout that this code reads and writes.
pub(super) const LAYOUT: u32 = 2;
