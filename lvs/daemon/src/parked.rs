//! Frames that wait until the kernel has resolved their next hop.

use std::net::IpAddr;

use netio::frame::Frame;
use wire::{Duration, Instant};

/// How long a frame waits for its next hop before it is dropped.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How many frames of one worker may wait at a time.
pub const CAPACITY: usize = 128;

/// A frame and what it waits for.
#[derive(Debug)]
pub struct Waiting {
    /// The frame, rewritten but for its MAC addresses.
    pub frame: Frame,
    /// The address whose next hop is sought.
    pub next_hop: IpAddr,
    deadline: Instant,
}

/// One worker's waiting frames, oldest first.
#[derive(Debug)]
pub struct Parked {
    waiting: Vec<Waiting>,
}

impl Default for Parked {
    fn default() -> Self {
        Self {
            waiting: Vec::with_capacity(CAPACITY),
        }
    }
}

impl Parked {
    /// Parks a frame.
    ///
    /// # Errors
    /// Gives the frame back when [`CAPACITY`] frames wait already.
    pub fn park(&mut self, now: Instant, frame: Frame, next_hop: IpAddr) -> Result<(), Frame> {
        if self.waiting.len() == CAPACITY {
            return Err(frame);
        }
        self.waiting.push(Waiting {
            frame,
            next_hop,
            deadline: now + PATIENCE,
        });
        Ok(())
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The oldest frame whose patience has run out.
    pub fn expired(&mut self, now: Instant) -> Option<Waiting> {
        let first = self.waiting.first()?;
        (first.deadline <= now).then(|| self.waiting.remove(0))
    }

    /// The oldest frame for whose next hop `ready` holds.
    pub fn take(&mut self, ready: impl Fn(IpAddr) -> bool) -> Option<Waiting> {
        let at = self
            .waiting
            .iter()
            .position(|waiting| ready(waiting.next_hop))?;
        Some(self.waiting.remove(at))
    }
}
