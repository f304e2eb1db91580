//! Frames on their way out: the frame itself, copies of it, and what we write ourselves.

use netio::frame::{Frame, Lane};

use super::Worker;
use crate::capture::Direction;
use crate::exits::Exits;
use crate::reason::DropReason;

/// Where a frame of our own making, or one that is copied, stands before it is copied into the umem.
#[derive(Clone, Copy, Debug)]
pub(super) enum CopyOf {
    Reply(usize),
    Scratch(usize),
    Copied(usize),
}

impl<L: Lane> Worker<L> {
    /// Sends a frame, and copies of it where its bond wants them. Each is sent, or lost and counted,
    /// by itself.
    pub(super) fn send(&mut self, exits: Exits, frame: Frame) {
        if let Some(bond) = exits.held() {
            return self.hold(bond, frame);
        }
        if !exits.is_single() {
            let len = self.lane.copy(&frame, &mut self.copied[..]);
            for port in exits.copies() {
                self.send_copy(port, CopyOf::Copied(len));
            }
        }
        self.transmit(exits.first(), frame);
    }

    /// Sends a frame of our own making.
    pub(super) fn send_ours(&mut self, exits: Exits, source: CopyOf) {
        if let Some(bond) = exits.held() {
            return match self.copy(source) {
                Some(frame) => self.hold(bond, frame),
                None => self.count(DropReason::NoFrame),
            };
        }
        self.send_copy(exits.first(), source);
        for port in exits.copies() {
            self.send_copy(port, source);
        }
    }

    pub(super) fn send_copy(&mut self, port: usize, source: CopyOf) {
        match self.copy(source) {
            Some(frame) => self.transmit(port, frame),
            None => self.count(DropReason::NoFrame),
        }
    }

    fn copy(&mut self, source: CopyOf) -> Option<Frame> {
        let bytes = match source {
            CopyOf::Reply(len) => self.forwarder.reply(len),
            CopyOf::Scratch(len) => &self.scratch[..len],
            CopyOf::Copied(len) => &self.copied[..len],
        };
        self.lane.compose(bytes)
    }

    fn transmit(&mut self, port: usize, frame: Frame) {
        let is_captured = self.is_captured(port);
        let len = frame.len();
        let copied = match is_captured {
            true => self.lane.copy(&frame, &mut self.leaving[..]),
            false => 0,
        };
        match self.lane.transmit(port, frame) {
            Ok(()) => {
                self.share().counters.ports[port].transmitted.count(len);
                if is_captured {
                    let frame = &self.leaving[..copied];
                    let captures = &self.shared.captures;
                    captures.offer(self.index, port, Direction::Sent, &[frame]);
                }
            }
            Err(frame) => {
                self.share().counters.ports[port].tx_ring_full.add(1);
                self.drop_frame(DropReason::TxRingFull, frame);
            }
        }
    }
}
