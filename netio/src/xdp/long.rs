//! Frames of several descriptors: received and transmitted whole or not at all.
//!
//! The indexes that the kernel sees of the receive and transmit rings stand between frames, never within
//! one. So a process that dies leaves whole frames behind, and the next one finds whole frames.

use super::lane::XdpLane;
use super::ring::Descriptor;
use crate::frame::{Batch, CHUNKS_MAX, Frame, Lane, PortIndex};

impl XdpLane {
    /// Moves the long frame that is next into `batch`, which has room for it; false while not all of it
    /// is there. One of too many chunks is dropped and counted.
    #[cold]
    pub(super) fn receive_long(&mut self, port: PortIndex, batch: &mut Batch) -> bool {
        let Some(count) = self.sockets[port].rx.next_frame() else {
            return false;
        };
        let mut whole: Option<Frame> = None;
        let mut is_whole = true;
        for _ in 0..count {
            let Some(part) = self.receive_part(port) else {
                is_whole = false;
                continue;
            };
            match &mut whole {
                None => whole = Some(part),
                Some(frame) => {
                    if let Err(part) = self.tails.append(frame, part) {
                        self.umem.push(part.address);
                        is_whole = false;
                    }
                }
            }
        }
        match whole {
            Some(frame) if is_whole => batch.push(frame).is_ok(),
            rest => {
                self.overlong += u64::from(count as usize > CHUNKS_MAX);
                if let Some(frame) = rest {
                    self.release(frame);
                }
                true
            }
        }
    }

    /// The next descriptor's chunk.
    fn receive_part(&mut self, port: PortIndex) -> Option<Frame> {
        let descriptor = self.sockets[port].rx.read();
        if let Some(quarantine) = &mut self.quarantine {
            quarantine.received(port, self.umem.index(descriptor.address));
        }
        let part = self.umem.frame(descriptor);
        self.invalid += u64::from(part.is_none());
        part
    }

    /// Queues a frame if there is room for all its descriptors.
    #[cold]
    pub(super) fn transmit_long(&mut self, port: PortIndex, frame: Frame) -> Result<(), Frame> {
        let parts = self.tails.parts(&frame);
        let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let tx = &mut self.sockets[port].tx;
        if !tx.has_room(count) {
            return Err(frame);
        }
        for (index, part) in (1..).zip(&parts) {
            let options = match index < count {
                true => libc::XDP_PKT_CONTD,
                false => 0,
            };
            tx.write(Descriptor {
                address: u64::from(part.address),
                len: part.len.into(),
                options,
            });
        }
        self.progress[port].queued += u64::from(count);
        Ok(())
    }

    /// Frees every chunk of a frame.
    #[cold]
    pub(super) fn release_long(&mut self, frame: &Frame) {
        for part in self.tails.parts(frame) {
            self.umem.push(part.address);
        }
    }
}
