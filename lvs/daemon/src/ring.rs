//! A bounded hand-over of frames between two threads, with storage made once.
//!
//! Frames between a worker and a host interface pass here. The lock is held for one copy; a full
//! ring refuses, and the caller counts.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// The longest frame that a ring carries, in bytes.
pub const FRAME_MAX: usize = 3_584;

/// A ring of frames, each with a small tag of the caller's.
#[derive(Debug)]
pub struct FrameRing {
    inner: Mutex<Slots>,
    wake: EventFd,
}

#[derive(Debug)]
struct Slots {
    storage: Box<[u8]>,
    heads: Box<[Head]>,
    first: usize,
    used: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    len: usize,
    tag: usize,
}

impl FrameRing {
    /// A ring of `capacity` frames.
    ///
    /// # Errors
    /// When the kernel grants no eventfd.
    pub fn new(capacity: usize) -> io::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        let slots = Slots {
            storage: vec![0; capacity * FRAME_MAX].into_boxed_slice(),
            heads: vec![Head::default(); capacity].into_boxed_slice(),
            first: 0,
            used: 0,
        };
        Ok(Self {
            inner: Mutex::new(slots),
            wake,
        })
    }

    /// Copies a frame in; false when the ring is full or the frame longer than [`FRAME_MAX`].
    pub fn push(&self, tag: usize, frame: &[u8]) -> bool {
        let mut slots = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let capacity = slots.heads.len();
        if slots.used == capacity || frame.len() > FRAME_MAX {
            return false;
        }
        let at = (slots.first + slots.used) % capacity;
        slots.heads[at] = Head {
            len: frame.len(),
            tag,
        };
        slots.storage[at * FRAME_MAX..][..frame.len()].copy_from_slice(frame);
        slots.used += 1;
        let was_empty = slots.used == 1;
        drop(slots);
        // A full eventfd counter means that the reader has been told already.
        was_empty.then(|| self.wake.write(1).ok());
        true
    }

    /// Copies the oldest frame out into `room`: its tag and length.
    pub fn pop(&self, room: &mut [u8]) -> Option<(usize, usize)> {
        let mut slots = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.used == 0 {
            return None;
        }
        let at = slots.first;
        let Head { len, tag } = slots.heads[at];
        let len = len.min(room.len());
        room[..len].copy_from_slice(&slots.storage[at * FRAME_MAX..][..len]);
        slots.first = (at + 1) % slots.heads.len();
        slots.used -= 1;
        Some((tag, len))
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .used
            == 0
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
            assert!(ring.push(7, &[round]));
            assert!(ring.push(8, &[round, round]));
            assert_eq!(ring.pop(&mut room), Some((7, 1)));
            assert_eq!(ring.pop(&mut room), Some((8, 2)));
            assert_eq!(room[..2], [round, round]);
        }
        assert_eq!(ring.pop(&mut room), None);
    }

    #[test]
    fn a_full_ring_and_an_overlong_frame_are_refused() {
        let ring = FrameRing::new(1).unwrap();
        assert!(!ring.push(0, &[0; FRAME_MAX + 1]));
        assert!(ring.push(0, &[1]));
        assert!(!ring.push(0, &[2]));
    }
}
