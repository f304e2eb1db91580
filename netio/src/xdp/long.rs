//! Frames of several descriptors: received and transmitted whole or not at all.
//!
//! The indexes that the kernel sees of the receive and transmit rings stand between frames, never within
//! one. So a process that dies leaves whole frames behind, and the next one finds whole frames.

use super::lane::XdpLane;
use super::ring::Descriptor;
use crate::frame::{CHUNKS_MAX, Frame, PortIndex};

impl XdpLane {
    /// Takes a frame of `count` descriptors, all of which are there; `None`, and counted, when they are
    /// too many.
    #[cold]
    pub(super) fn receive_long(&mut self, port: PortIndex, count: u32) -> Option<Frame> {
        let mut whole: Option<Frame> = None;
        let mut is_whole = true;
        for _ in 0..count {
            let descriptor = self.sockets[port].rx.read();
            let Some(part) = self.received(port, descriptor) else {
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
        if is_whole {
            return whole;
        }
        self.overlong += u64::from(count as usize > CHUNKS_MAX);
        if let Some(frame) = whole {
            self.release_long(&frame);
        }
        None
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
