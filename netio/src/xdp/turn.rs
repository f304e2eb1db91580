//! A lane's turns: frames out of the receive rings, into the transmit rings, and back to the free list.

use std::io;
use std::os::fd::BorrowedFd;

use wire::Duration;

use super::lane::{MAX_PORTS, XdpLane};
use super::ring::Descriptor;
use super::socket::Socket;
use super::umem::HEADROOM;
use crate::frame::{Batch, Frame, Lane, Parts, PortIndex, Progress};
use crate::poll;

/// Refilling fewer chunks than this is not worth the shared cache line.
const REFILL: u32 = 32;
/// How long a sleep may keep frames waiting in a transmit ring.
const RETRY: Duration = Duration::from_millis(1);

impl XdpLane {
    /// Moves frames of one chunk into `batch` until it is full, the ring empty, or a long one next: then
    /// true.
    #[inline]
    fn receive_short(&mut self, port: PortIndex, batch: &mut Batch) -> bool {
        let rx = &mut self.sockets[port].rx;
        let room = u32::try_from(batch.capacity() - batch.len()).unwrap_or(0);
        for _ in 0..rx.available(room) {
            let descriptor = rx.read();
            if descriptor.is_continued() {
                rx.unread();
                return true;
            }
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
        false
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
        let before = batch.len();
        while self.receive_short(port, batch) && self.receive_long(port, batch) {}
        batch.len() - before
    }

    fn allocate(&mut self) -> Option<Frame> {
        let chunk = self.umem.pop()?;
        Some(Frame::short(chunk + HEADROOM, 0))
    }

    fn append(&mut self, frame: &mut Frame, part: Frame) -> Result<(), Frame> {
        self.tails.append(frame, part)
    }

    fn overlong(&self) -> u64 {
        self.overlong
    }

    fn bytes(&mut self, frame: &Frame) -> &mut [u8] {
        self.umem.slice(frame, frame.head.into())
    }

    fn parts(&self, frame: &Frame) -> Parts<'_> {
        let parts = self.tails.parts(frame);
        parts.iter().map(|part| self.umem.part(*part)).collect()
    }

    fn buffer(&mut self, frame: &Frame) -> &mut [u8] {
        let room = self.umem.room(frame);
        self.umem.slice(frame, room)
    }

    fn set_len(&mut self, frame: &mut Frame, len: usize) {
        frame.set_head(len.min(self.umem.room(frame) as usize));
    }

    fn transmit(&mut self, port: PortIndex, frame: Frame) -> Result<(), Frame> {
        if frame.is_long() {
            return self.transmit_long(port, frame);
        }
        let tx = &mut self.sockets[port].tx;
        if !tx.has_room(1) {
            return Err(frame);
        }
        // The kernel would swallow an empty descriptor, and its frame with it.
        if frame.is_empty() {
            self.umem.push(frame.address);
            return Ok(());
        }
        tx.write(Descriptor {
            address: u64::from(frame.address),
            len: frame.head.into(),
            options: 0,
        });
        self.progress[port].queued += 1;
        Ok(())
    }

    fn progress(&self, port: PortIndex) -> Progress {
        self.progress[port]
    }

    fn release(&mut self, frame: Frame) {
        if frame.is_long() {
            self.release_long(&frame);
        } else {
            self.umem.push(frame.address);
        }
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
