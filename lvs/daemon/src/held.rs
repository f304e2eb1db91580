//! Frames that wait because their buckets move from one member to another.

use std::collections::VecDeque;

use netio::frame::Frame;

/// How many frames of one worker may wait at a time.
pub const CAPACITY: usize = 1_024;

/// A finished frame, and the bond that it leaves by.
#[derive(Debug)]
pub struct Waiting {
    /// The frame.
    pub frame: Frame,
    /// The bond.
    pub bond: usize,
}

/// One worker's waiting frames, oldest first.
#[derive(Debug)]
pub struct Held {
    waiting: VecDeque<Waiting>,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            waiting: VecDeque::with_capacity(CAPACITY),
        }
    }
}

impl Held {
    /// Has a frame wait.
    ///
    /// # Errors
    /// Gives the frame back when [`CAPACITY`] frames wait already.
    pub fn push(&mut self, waiting: Waiting) -> Result<(), Frame> {
        if self.waiting.len() == CAPACITY {
            return Err(waiting.frame);
        }
        self.waiting.push_back(waiting);
        Ok(())
    }

    /// The oldest frame.
    pub fn pop(&mut self) -> Option<Waiting> {
        self.waiting.pop_front()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
