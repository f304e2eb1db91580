//! What a worker does while buckets move: frames wait, markers leave, and bondd is told what has left.

use netio::frame::{Frame, Lane};
use wire::Duration;

use super::{CopyOf, NAP, SHORT_NAP, Worker};
use crate::forward::Head;
use crate::held::Waiting;
use crate::reason::DropReason;

impl<L: Lane> Worker<L> {
    /// How long it may sleep: not long while a bondd waits for it.
    pub(super) fn rest(&self) -> Duration {
        match self.forwarder.rest(|port| self.lane.progress(port)) {
            true => SHORT_NAP,
            false => NAP,
        }
    }

    pub(super) fn hold(&mut self, bond: usize, frame: Frame) {
        match self.held.push(Waiting { frame, bond }) {
            Ok(()) => self.forwarder.note_held(bond),
            Err(frame) => self.drop_frame(DropReason::BucketQueueFull, frame),
        }
    }

    /// Lets the frames go whose buckets have moved; the others keep their order.
    pub(super) fn unhold(&mut self) {
        for _ in 0..self.held.len() {
            let Some(waiting) = self.held.pop() else {
                return;
            };
            let len = waiting.frame.len();
            let bytes = self.lane.bytes(&waiting.frame);
            let frame = &mut Head { bytes, len };
            match self.forwarder.leave(waiting.bond, frame) {
                // There is room: it has just come out.
                Ok(exits) if exits.held().is_some() => {
                    if let Err(frame) = self.held.push(waiting) {
                        self.lane.release(frame);
                    }
                }
                Ok(exits) => self.send(exits, waiting.frame),
                Err(loss) => self.lose(loss, waiting.frame),
            }
        }
    }

    /// Sends the markers that bonds ask for behind what was sent.
    pub(super) fn ask(&mut self) {
        for bond in 0..self.shared.bonds.len() {
            while let Some(marker) = self.forwarder.marker(bond) {
                self.send_copy(marker.port, CopyOf::Reply(marker.len));
                self.forwarder.note_marker(bond, &marker);
            }
        }
    }
}
