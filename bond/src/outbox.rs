//! What the engine has to hand to its host: frames and events, both bounded.

use alloc::collections::VecDeque;

use heapless::Deque;

use crate::monitor::TARGETS;
use crate::{Event, MAX_MEMBERS};

/// The longest frame that the engine makes, without FCS: a slow-protocol frame.
pub const FRAME_MAX: usize = wire::slow::FRAME_LEN;

/// A whole frame without FCS.
pub type FrameBytes = heapless::Vec<u8, FRAME_MAX>;

/// A frame to send by a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The member's place in the bond.
    pub member: usize,
    /// The frame.
    pub frame: FrameBytes,
}

/// One call makes at most a PDU and a marker response, or a probe of each target, for each member.
const FRAMES: usize = (2 + TARGETS) * MAX_MEMBERS;
/// One call makes a few events for each member.
const EVENTS: usize = 8 * MAX_MEMBERS;

/// Frames and events that the host has not taken yet.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// At most [`FRAMES`]; on the heap, for most bonds never have more than a few.
    frames: VecDeque<Transmit>,
    events: Deque<Event, EVENTS>,
    lost: u64,
}

impl Outbox {
    /// Queues a frame; what does not fit is counted, and the protocol's repetition covers it.
    pub fn send(&mut self, member: usize, frame: &[u8]) {
        match FrameBytes::from_slice(frame) {
            Ok(frame) if self.frames.len() < FRAMES => {
                self.frames.push_back(Transmit { member, frame });
            }
            Ok(_) | Err(_) => self.lost = self.lost.wrapping_add(1),
        }
    }

    /// Queues an event; what does not fit is counted.
    pub fn event(&mut self, event: Event) {
        if self.events.push_back(event).is_err() {
            self.lost = self.lost.wrapping_add(1);
        }
    }

    /// The next frame.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.frames.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The members have other places: what was not taken before is lost.
    pub(crate) fn renumber(&mut self) {
        let left = self.frames.len() + self.events.len();
        self.lost = self.lost.wrapping_add(u64::try_from(left).unwrap_or(0));
        self.frames.clear();
        self.events.clear();
    }

    /// Frames and events that did not fit, because the host did not take them in time.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}
