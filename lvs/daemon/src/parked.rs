//! Frames that wait until the kernel has resolved their next hop.

use std::net::IpAddr;

use netio::frame::Frame;
use wire::{Duration, Instant};

/// How long a frame waits for its next hop before it is dropped.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How many frames of one worker may wait at a time.
pub const CAPACITY: usize = 128;

/// How many of them may wait for one next hop: one that is never known, such as a real without
/// power, leaves room for the others.
pub const PER_HOP: usize = 32;

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
    /// Gives the frame back when [`CAPACITY`] frames wait already, or [`PER_HOP`] for this one.
    pub fn park(&mut self, now: Instant, frame: Frame, next_hop: IpAddr) -> Result<(), Frame> {
        let same = self.waiting.iter().filter(|w| w.next_hop == next_hop);
        if self.waiting.len() == CAPACITY || same.count() >= PER_HOP {
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

#[cfg(test)]
mod tests {
    use netio::frame::Lane as _;
    use netio::memory::MemoryLane;

    use super::*;

    #[test]
    fn a_next_hop_that_is_never_known_leaves_room_for_the_others() {
        let mut lane = MemoryLane::new(1, 2 * CAPACITY, 1).unwrap();
        let mut parked = Parked::default();
        let [dead, other] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let mut park = |hop| {
            let frame = lane.allocate().unwrap();
            parked.park(Instant::from_nanos(1), frame, hop).is_ok()
        };
        let accepted = (0..CAPACITY).filter(|_| park(dead)).count();
        assert_eq!(accepted, PER_HOP);
        assert!(park(other));
    }
}
