//! The AF_XDP lane: one umem, one socket per port, one free list.

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::net::if_::if_nametoindex;

use super::config::{LAYOUT, Meta, PortConfig, PortMeta, Shape, XdpMode};
use super::quarantine::Quarantine;
use super::socket::{Binding, Socket, Statistics};
use super::umem::Umem;
use crate::error::{Context, Error, Result};
use crate::frame::{Lane, PortIndex, Progress};
use crate::tails::Tails;

/// The ports that one lane may have: twice the members of the largest bond.
pub(super) const MAX_PORTS: usize = 32;
/// What a kernel lacks that refuses long frames.
const NEEDED: &str = "frames of several chunks (an MTU beyond 3500) need Linux 6.6";

/// One worker's lane over AF_XDP.
///
/// In a process that dies, its descriptors may live on in the store; [`XdpLane::adopt`] goes on
/// with them. The order in which [`Lane::flush`] publishes serves that: transmit indexes before
/// receive indexes, so that a kill in between duplicates a frame and never loses one.
#[derive(Debug)]
pub struct XdpLane {
    // The sockets unmap their rings before the umem goes.
    pub(super) sockets: Vec<Socket>,
    pub(super) umem: Umem,
    pub(super) tails: Tails,
    pub(super) ports: Vec<PortMeta>,
    pub(super) progress: Vec<Progress>,
    pub(super) mode: XdpMode,
    pub(super) quarantine: Option<Quarantine>,
    /// Received descriptors that named no frame of the umem.
    pub(super) invalid: u64,
    /// Received frames that had too many chunks.
    pub(super) overlong: u64,
}

impl XdpLane {
    /// Makes a lane over the queues of `ports`, all in `mode`. One without ports only waits.
    ///
    /// The steering program must be attached; [`super::Program::insert`] then sends a queue's
    /// frames to [`XdpLane::socket`]. A queue that another process is just giving up is waited for,
    /// up to half a second.
    ///
    /// # Errors
    /// When the shape is wrong, an interface or queue is missing or taken, or a driver does not
    /// have the mode (`EOPNOTSUPP`).
    pub fn create(ports: &[PortConfig], shape: Shape, mode: XdpMode) -> Result<Self> {
        shape.check(ports.len())?;
        let mut lane = Self {
            sockets: Vec::with_capacity(ports.len()),
            umem: Umem::create(shape)?,
            tails: Tails::new(shape.frames as usize, shape.chunk),
            ports: Vec::with_capacity(ports.len()),
            progress: vec![Progress::default(); ports.len()],
            mode,
            quarantine: None,
            invalid: 0,
            overlong: 0,
        };
        for port in ports {
            lane.add(port)?;
        }
        lane.flush();
        Ok(lane)
    }

    fn add(&mut self, port: &PortConfig) -> Result<()> {
        let operation = || {
            format!(
                "open queue {} of {} ({})",
                port.queue, port.ifname, self.mode
            )
        };
        let ifindex = if_nametoindex(port.ifname.as_str()).context(operation)?;
        // Who shares a umem inherits its mode, and may not ask for one.
        let first = self.sockets.first().map(|first| first.as_fd().as_raw_fd());
        let binding = Binding {
            ifindex,
            queue: port.queue,
            flags: first.map_or(self.flags(), |_| libc::XDP_SHARED_UMEM),
            shared: first,
        };
        let socket = Socket::create(&self.umem, &binding).map_err(|error| {
            // A kernel before 6.6 does not know the flag.
            let is_old = first.is_none() && error.raw_os_error() == Some(libc::EINVAL);
            match is_old && self.umem.shape().long_frames {
                true => Error::other(operation(), format!("{error}; {NEEDED}")),
                false => Error::new(operation(), error),
            }
        })?;
        if socket.is_zero_copy()? != (self.mode == XdpMode::ZeroCopy) {
            return Err(Error::other(operation(), "the kernel chose another mode"));
        }
        self.sockets.push(socket);
        self.ports.push(PortMeta {
            config: port.clone(),
            ifindex,
        });
        Ok(())
    }

    /// How the first socket is bound.
    const fn flags(&self) -> u16 {
        let mode = match self.mode {
            XdpMode::ZeroCopy => libc::XDP_ZEROCOPY,
            XdpMode::Native | XdpMode::Generic => libc::XDP_COPY,
        };
        let long_frames = match self.umem.shape().long_frames {
            true => libc::XDP_USE_SG,
            false => 0,
        };
        mode | long_frames | libc::XDP_USE_NEED_WAKEUP
    }

    /// What the store keeps of this lane: a description, and the umem's descriptor followed by each
    /// port's socket.
    ///
    /// # Errors
    /// Never in practice: when the description cannot be written as JSON.
    pub fn descriptors(&self) -> Result<(String, Vec<BorrowedFd<'_>>)> {
        let meta = Meta {
            version: LAYOUT,
            mode: self.mode,
            shape: self.umem.shape(),
            ports: self.ports.clone(),
        };
        let meta = serde_json::to_string(&meta).context(|| "describe a lane".into())?;
        let sockets = self.sockets.iter().map(Socket::as_fd);
        Ok((
            meta,
            std::iter::once(self.umem.as_fd()).chain(sockets).collect(),
        ))
    }

    /// The mode that all ports are in.
    #[must_use]
    pub const fn mode(&self) -> XdpMode {
        self.mode
    }

    /// The sizes of this lane.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.umem.shape()
    }

    /// The interface and queue of a port.
    #[must_use]
    pub fn port(&self, port: PortIndex) -> Option<&PortConfig> {
        self.ports.get(port).map(|port| &port.config)
    }

    /// The socket of a port, for the program's map.
    #[must_use]
    pub fn socket(&self, port: PortIndex) -> Option<BorrowedFd<'_>> {
        self.sockets.get(port).map(Socket::as_fd)
    }

    /// What the kernel counts for a port.
    ///
    /// # Errors
    /// When there is no such port.
    pub fn statistics(&self, port: PortIndex) -> Result<Statistics> {
        match self.sockets.get(port) {
            Some(socket) => Statistics::of(socket.as_fd()),
            None => Err(Error::other("ask for the XDP statistics", "no such port")),
        }
    }

    /// Received descriptors that named no frame of the umem: 0, unless the rings are broken.
    #[must_use]
    pub const fn invalid_descriptors(&self) -> u64 {
        self.invalid
    }

    /// Whether frames that a dead worker left behind are still out of use.
    #[must_use]
    pub const fn is_in_quarantine(&self) -> bool {
        self.quarantine.is_some()
    }
}
