//! One captured frame, and frames of several sources in the order of their times.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// When, in nanoseconds since 1970 (UTC).
    pub(super) unix_ns: u64,
    /// The interface's place in the file.
    pub(super) interface: u32,
    /// Whether the box sent it.
    pub(super) sent: bool,
    /// Its length on the wire, in bytes.
    pub(super) length: u32,
    /// Frames that were lost since the last one.
    pub(super) lost: u64,
    /// What was captured of it.
    pub(super) bytes: Vec<u8>,
}

/// How long a frame is held back, in nanoseconds, for one of the other source that was earlier.
pub(super) const HOLD_NS: u64 = 100_000_000;

/// The most frames that are held back: where they come faster, their order suffers, not the memory.
const MOST: usize = 16_384;

/// Frames that wait for earlier ones.
#[derive(Debug, Default)]
pub(super) struct Order {
    waiting: BinaryHeap<Waiting>,
    arrived: u64,
}

/// The earliest is the greatest; of two of the same time, the one that arrived first.
#[derive(Debug)]
struct Waiting {
    frame: Frame,
    arrival: u64,
}

impl Waiting {
    const fn key(&self) -> (u64, u64) {
        (self.frame.unix_ns, self.arrival)
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Waiting {}

impl Order {
    pub(super) fn push(&mut self, frame: Frame) {
        self.arrived += 1;
        self.waiting.push(Waiting {
            frame,
            arrival: self.arrived,
        });
    }

    /// The earliest frame, when it is of `unix_ns` or before, or when too many are held back.
    pub(super) fn pop_before(&mut self, unix_ns: u64) -> Option<Frame> {
        let is_full = self.waiting.len() > MOST;
        let first = self.waiting.peek_mut()?;
        let is_due = is_full || first.frame.unix_ns <= unix_ns;
        is_due.then(|| PeekMut::pop(first).frame)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(unix_ns: u64, interface: u32) -> Frame {
        Frame {
            unix_ns,
            interface,
            sent: false,
            length: 60,
            lost: 0,
            bytes: vec![0; 60],
        }
    }

    #[test]
    fn frames_come_in_the_order_of_their_times_and_then_of_their_arrival() {
        let mut order = Order::default();
        for (time, interface) in [(30, 0), (10, 1), (20, 2), (10, 3)] {
            order.push(frame(time, interface));
        }
        let popped = std::iter::from_fn(|| order.pop_before(20));
        let popped: Vec<_> = popped.map(|frame| frame.interface).collect();
        assert_eq!(popped, [1, 3, 2]);
        assert!(!order.is_empty());
        assert_eq!(order.pop_before(u64::MAX), Some(frame(30, 0)));
        assert!(order.is_empty());
    }

    #[test]
    fn no_more_frames_are_held_back_than_there_is_room_for() {
        let mut order = Order::default();
        for time in 0..=MOST {
            order.push(frame(u64::try_from(time).expect("small") + 100, 0));
        }
        assert_eq!(order.pop_before(0), Some(frame(100, 0)));
        assert_eq!(order.pop_before(0), None);
    }
}
