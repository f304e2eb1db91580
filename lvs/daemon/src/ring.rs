//! A bounded hand-over of frames between two threads, with storage made once.
//!
//! Frames between a worker and a host interface pass here. The lock is held for one copy; a full
//! ring refuses, and the caller counts.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// The longest frame that a ring carries, in bytes: two VLAN tags in front of the longest packet.
pub const FRAME_MAX: usize = 22 + bond::MAX_MTU as usize;

/// Bytes that a ring has for each of its frames. Fewer long ones fit than short ones, and nobody pays
/// for long ones who has none.
const FRAME_ROOM: usize = 3_584;

/// A ring of frames, each with a small tag of the caller's.
#[derive(Debug)]
pub struct FrameRing {
    inner: Mutex<Slots>,
    wake: EventFd,
}

#[derive(Debug)]
struct Slots {
    /// The bytes of all frames, one behind the other, around the end.
    storage: Box<[u8]>,
    /// Where the oldest frame's bytes begin, and how many there are of all frames.
    start: usize,
    bytes: usize,
    heads: VecDeque<Head>,
    capacity: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    len: usize,
    tag: usize,
}

impl Slots {
    fn push(&mut self, tag: usize, parts: &[&[u8]]) -> bool {
        let len = parts.iter().map(|part| part.len()).sum();
        let has_room = self.heads.len() < self.capacity && len <= self.storage.len() - self.bytes;
        if !has_room || len > FRAME_MAX {
            return false;
        }
        for part in parts {
            let at = (self.start + self.bytes) % self.storage.len();
            let (here, around) = part.split_at(part.len().min(self.storage.len() - at));
            self.storage[at..][..here.len()].copy_from_slice(here);
            self.storage[..around.len()].copy_from_slice(around);
            self.bytes += part.len();
        }
        self.heads.push_back(Head { len, tag });
        true
    }

    fn pop(&mut self, room: &mut [u8]) -> Option<(usize, usize)> {
        let Head { len, tag } = self.heads.pop_front()?;
        let copied = len.min(room.len());
        let here = copied.min(self.storage.len() - self.start);
        room[..here].copy_from_slice(&self.storage[self.start..][..here]);
        room[here..copied].copy_from_slice(&self.storage[..copied - here]);
        self.start = (self.start + len) % self.storage.len();
        self.bytes -= len;
        Some((tag, copied))
    }
}

impl FrameRing {
    /// A ring of `capacity` frames, or fewer long ones.
    ///
    /// # Errors
    /// When the kernel grants no eventfd.
    pub fn new(capacity: usize) -> io::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        let slots = Slots {
            storage: vec![0; (capacity * FRAME_ROOM).max(FRAME_MAX)].into_boxed_slice(),
            start: 0,
            bytes: 0,
            heads: VecDeque::with_capacity(capacity),
            capacity,
        };
        Ok(Self {
            inner: Mutex::new(slots),
            wake,
        })
    }

    /// Copies a frame in, part after part; false when the ring has no room for it, or it is longer
    /// than [`FRAME_MAX`].
    pub fn push(&self, tag: usize, parts: &[&[u8]]) -> bool {
        let mut slots = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = slots.heads.is_empty();
        let is_in = slots.push(tag, parts);
        drop(slots);
        // A full eventfd counter means that the reader has been told already.
        (is_in && was_empty).then(|| self.wake.write(1).ok());
        is_in
    }

    /// Copies the oldest frame out into `room`: its tag and length.
    pub fn pop(&self, room: &mut [u8]) -> Option<(usize, usize)> {
        let mut slots = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        slots.pop(room)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .heads
            .is_empty()
    }

    /// Forgets that the ring was filled; call before draining it.
    pub fn quiet(&self) {
        self.wake.read().ok();
    }

    /// Readable from the moment that an empty ring was filled until [`FrameRing::quiet`].
    pub fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Wakes the reader without a frame.
    pub fn nudge(&self) {
        self.wake.write(1).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_leave_in_the_order_they_came_and_keep_their_tags() {
        let ring = FrameRing::new(2).unwrap();
        let mut room = [0; FRAME_MAX];
        for round in 0..5_u8 {
            assert!(ring.push(7, &[&[round]]));
            assert!(ring.push(8, &[&[round], &[round]]));
            assert_eq!(ring.pop(&mut room), Some((7, 1)));
            assert_eq!(ring.pop(&mut room), Some((8, 2)));
            assert_eq!(room[..2], [round, round]);
        }
        assert_eq!(ring.pop(&mut room), None);
    }

    #[test]
    fn a_full_ring_and_an_overlong_frame_are_refused() {
        let ring = FrameRing::new(1).unwrap();
        assert!(!ring.push(0, &[&[0; FRAME_MAX + 1]]));
        assert!(ring.push(0, &[&[1]]));
        assert!(!ring.push(0, &[&[2]]));
    }

    #[test]
    fn long_frames_go_around_the_end_whole_and_are_refused_whole() {
        let ring = FrameRing::new(4).unwrap();
        let mut room = [0; FRAME_MAX];
        let long: Vec<u8> = (0..=u8::MAX).cycle().take(FRAME_MAX).collect();
        let (head, tail) = long.split_at(3_840);
        for round in 0..20 {
            assert!(ring.push(round, &[head, tail]));
            assert!(
                !ring.push(0, &[head, tail]),
                "there is room for a part only"
            );
            assert!(ring.push(round, &[&[7; 3_000]]));
            assert_eq!(ring.pop(&mut room), Some((round, FRAME_MAX)));
            assert!(room[..] == long[..], "round {round}");
            assert_eq!(ring.pop(&mut room), Some((round, 3_000)));
            assert_eq!(room[..3_000], [7; 3_000]);
        }
        assert!(ring.is_empty());
    }
}
