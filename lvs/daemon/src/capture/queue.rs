//! Frames between one worker and a capture's thread: two stores of fixed size that change places.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, TryLockError};

use super::Direction;

/// Frames that a store holds at most; it may have room for fewer bytes.
const FRAMES: usize = 4_096;
/// How often a worker looks again when the store is being exchanged, which takes some ten nanoseconds.
const ATTEMPTS: usize = 64;

/// What is known of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// When, in nanoseconds since 1970 (UTC).
    pub unix_ns: u64,
    /// By which port.
    pub port: usize,
    /// Which way.
    pub direction: Direction,
    /// Its length on the wire, in bytes.
    pub wire_len: usize,
    /// How many of them were copied.
    pub len: usize,
}

/// Frames in the order they were offered.
#[derive(Debug)]
pub struct Batch {
    heads: VecDeque<Head>,
    bytes: Vec<u8>,
}

impl Batch {
    /// An empty one with room for so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self {
            heads: VecDeque::with_capacity(FRAMES),
            bytes: Vec::with_capacity(bytes),
        }
    }

    fn push(&mut self, head: Head, parts: &[&[u8]]) -> bool {
        let has_room = self.heads.len() < self.heads.capacity()
            && head.len <= self.bytes.capacity() - self.bytes.len();
        if has_room {
            self.heads.push_back(head);
            let mut left = head.len;
            for part in parts {
                let part = &part[..part.len().min(left)];
                self.bytes.extend_from_slice(part);
                left -= part.len();
            }
        }
        has_room
    }

    /// The frames with what is known of each.
    pub fn frames(&self) -> impl Iterator<Item = (&Head, &[u8])> {
        let mut rest = self.bytes.as_slice();
        self.heads.iter().map(move |head| {
            let (frame, next) = rest.split_at(head.len.min(rest.len()));
            rest = next;
            (head, frame)
        })
    }

    fn clear(&mut self) {
        self.heads.clear();
        self.bytes.clear();
    }
}

/// The worker's end and the thread's.
#[derive(Debug)]
pub struct Queue(Mutex<Batch>);

impl Queue {
    pub fn new(bytes: usize) -> Self {
        Self(Mutex::new(Batch::new(bytes)))
    }

    /// Puts as much of a frame in as its head says: whether it is the only one; none when there is no
    /// room for it. Never waits.
    pub fn push(&self, head: Head, parts: &[&[u8]]) -> Option<bool> {
        for _ in 0..ATTEMPTS {
            let mut batch = match self.0.try_lock() {
                Ok(batch) => batch,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    std::hint::spin_loop();
                    continue;
                }
            };
            return batch.push(head, parts).then(|| batch.heads.len() == 1);
        }
        None
    }

    /// Gives `batch`, emptied, for what waits here; false when nothing does.
    pub fn exchange(&self, batch: &mut Batch) -> bool {
        batch.clear();
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if own.heads.is_empty() {
            return false;
        }
        std::mem::swap(&mut *own, batch);
        true
    }
}
