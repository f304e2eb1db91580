//! What the engine has to hand to its host: frames and events, both bounded.

use alloc::vec::Vec;

use heapless::Deque;

use crate::config::MAX_ADDRESSES;
use crate::event::Event;

/// A whole Ethernet frame without FCS, to send by the virtual router's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The frame.
    pub frame: Vec<u8>,
}

/// One call makes at most a few adverts and an announcement for each address, twice.
const FRAMES: usize = 2 * MAX_ADDRESSES + 4;
/// One call makes a few events.
const EVENTS: usize = 16;

/// Frames and events that the host has not taken yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    frames: Deque<Transmit, FRAMES>,
    events: Deque<Event, EVENTS>,
    lost: u64,
}

impl Outbox {
    /// Queues a frame; what does not fit is counted, and the protocol's repetition covers it.
    pub fn send(&mut self, frame: Vec<u8>) {
        if self.frames.push_back(Transmit { frame }).is_err() {
            self.lost = self.lost.wrapping_add(1);
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

    /// Frames and events that did not fit, because the host did not take them in time.
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}
