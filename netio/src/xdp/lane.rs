//! The AF_XDP lane: one umem, one socket per port, one free list.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::net::if_::if_nametoindex;
use wire::Duration;

use super::config::{LAYOUT, Meta, PortConfig, PortMeta, Shape, XdpMode};
use super::quarantine::Quarantine;
use super::ring::Descriptor;
use super::socket::{Binding, Socket, Statistics};
use super::umem::{HEADROOM, Umem};
use crate::error::{Context, Error, Result};
use crate::frame::{Batch, Frame, Lane, PortIndex, Progress};
use crate::poll;

/// The ports that one lane may have: twice the members of the largest bond.
pub(super) const MAX_PORTS: usize = 32;
/// Refilling fewer frames than this is not worth the shared cache line.
const REFILL: u32 = 32;
/// How long a sleep may keep frames waiting in a transmit ring.
const RETRY: Duration = Duration::from_millis(1);

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
    pub(super) ports: Vec<PortMeta>,
    pub(super) progress: Vec<Progress>,
    pub(super) mode: XdpMode,
    pub(super) quarantine: Option<Quarantine>,
    /// Received descriptors that named no frame of the umem.
    pub(super) invalid: u64,
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
        let umem = Umem::create(shape)?;
        let mut lane = Self {
            sockets: Vec::with_capacity(ports.len()),
            umem,
            ports: Vec::with_capacity(ports.len()),
            progress: vec![Progress::default(); ports.len()],
            mode,
            quarantine: None,
            invalid: 0,
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
        let (flags, shared) = match (self.sockets.first(), self.mode) {
            (Some(first), _) => (libc::XDP_SHARED_UMEM, Some(first.as_fd().as_raw_fd())),
            (None, XdpMode::ZeroCopy) => (libc::XDP_ZEROCOPY | libc::XDP_USE_NEED_WAKEUP, None),
            (None, XdpMode::Native | XdpMode::Generic) => {
                (libc::XDP_COPY | libc::XDP_USE_NEED_WAKEUP, None)
            }
        };
        let binding = Binding {
            ifindex,
            queue: port.queue,
            flags,
            shared,
        };
        let socket = Socket::create(&self.umem, &binding).context(operation)?;
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

    /// Has the kernel send what a port's ring holds. It may take 32 frames a kick, and stops when
    /// the completion ring is full, so that completions are taken back between two kicks.
    fn kick(&mut self, port: PortIndex) {
        let mut left = self.sockets[port].tx.outstanding();
        while left > 0 && self.sockets[port].tx.needs_wakeup() {
            // The error is the number of frames left: the ring is looked at again next turn.
            self.sockets[port].kick_transmit().ok();
            self.collect(port);
            let now = self.sockets[port].tx.outstanding();
            if now >= left {
                return;
            }
            left = now;
        }
    }

    /// Takes back what a port has sent.
    fn collect(&mut self, port: PortIndex) {
        let completion = &mut self.sockets[port].completion;
        let count = completion.available(u32::MAX);
        for _ in 0..count {
            let address = completion.read();
            let is_ours = self
                .quarantine
                .as_mut()
                .is_none_or(|quarantine| !quarantine.completed(port, self.umem.index(address)));
            self.progress[port].sent += u64::from(is_ours);
            if let Ok(address) = u32::try_from(address) {
                self.umem.push(address);
            }
        }
        completion.release();
    }

    /// Gives a port's kernel side frames to receive into.
    fn refill(&mut self, port: PortIndex) {
        let fill = &mut self.sockets[port].fill;
        let room = fill.fresh_room();
        if room >= REFILL {
            for _ in 0..room {
                let Some(address) = self.umem.pop() else {
                    break;
                };
                fill.write(u64::from(address));
            }
            fill.publish();
        }
        if fill.needs_wakeup() {
            self.sockets[port].kick_receive();
        }
    }
}

impl Lane for XdpLane {
    fn ports(&self) -> usize {
        self.sockets.len()
    }

    fn receive(&mut self, port: PortIndex, batch: &mut Batch) -> usize {
        let rx = &mut self.sockets[port].rx;
        let room = u32::try_from(batch.capacity() - batch.len()).unwrap_or(0);
        let before = batch.len();
        for _ in 0..rx.available(room) {
            let descriptor = rx.read();
            if let Some(quarantine) = &mut self.quarantine {
                quarantine.received(port, self.umem.index(descriptor.address));
            }
            let Some(frame) = self.umem.frame(descriptor) else {
                self.invalid += 1;
                continue;
            };
            self.umem.prefetch(&frame);
            // There is room: no more were asked for.
            batch.push(frame).ok();
        }
        batch.len() - before
    }

    fn allocate(&mut self) -> Option<Frame> {
        let chunk = self.umem.pop()?;
        Some(Frame {
            address: chunk + HEADROOM,
            len: 0,
        })
    }

    fn bytes(&mut self, frame: &Frame) -> &mut [u8] {
        self.umem.slice(frame, frame.len)
    }

    fn buffer(&mut self, frame: &Frame) -> &mut [u8] {
        let room = self.umem.room(frame);
        self.umem.slice(frame, room)
    }

    fn set_len(&mut self, frame: &mut Frame, len: usize) {
        let room = self.umem.room(frame);
        frame.len = u32::try_from(len).map_or(room, |len| len.min(room));
    }

    fn transmit(&mut self, port: PortIndex, frame: Frame) -> Result<(), Frame> {
        let tx = &mut self.sockets[port].tx;
        if tx.room() == 0 {
            return Err(frame);
        }
        // The kernel would swallow an empty descriptor, and its frame with it.
        if frame.is_empty() {
            self.umem.push(frame.address);
            return Ok(());
        }
        tx.write(Descriptor {
            address: u64::from(frame.address),
            len: frame.len,
            options: 0,
        });
        self.progress[port].queued += 1;
        Ok(())
    }

    fn progress(&self, port: PortIndex) -> Progress {
        self.progress[port]
    }

    fn release(&mut self, frame: Frame) {
        self.umem.push(frame.address);
    }

    fn flush(&mut self) {
        for socket in &mut self.sockets {
            socket.tx.publish();
        }
        for socket in &mut self.sockets {
            socket.rx.release();
        }
        for port in 0..self.sockets.len() {
            if self.sockets[port].tx.may_be_outstanding() {
                self.kick(port);
            }
            self.collect(port);
        }
        if let Some(quarantine) = self.quarantine.take_if(|quarantine| quarantine.is_over()) {
            quarantine.end(&mut self.umem);
        }
        for port in 0..self.sockets.len() {
            self.refill(port);
        }
        self.umem.store_count();
    }

    fn wait(&mut self, timeout: Duration, wake: Option<BorrowedFd<'_>>) -> io::Result<()> {
        // What the kernel would not take yet is offered again soon.
        let unsent = self
            .sockets
            .iter()
            .any(|socket| socket.tx.may_be_outstanding());
        let timeout = if unsent { timeout.min(RETRY) } else { timeout };
        let sockets = self.sockets.iter().map(Socket::as_fd);
        poll::readable::<{ MAX_PORTS + 1 }>(wake.into_iter().chain(sockets), timeout)
    }

    fn free_frames(&self) -> usize {
        self.umem.free_frames()
    }
}
