//! The last changes of state, for `show vrrp why`.

use heapless::Deque;
use wire::{Duration, Instant};

use crate::event::Reason;
use crate::status::{Peer, State};

/// How many changes are remembered.
const LENGTH: usize = 16;

/// One change of state.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub at: Instant,
    pub from: State,
    pub to: State,
    pub reason: Reason,
    pub active_before: Option<Peer>,
    pub missed_adverts: u64,
    pub late: Duration,
    pub outage: Option<Duration>,
}

/// The last changes, the oldest first.
#[derive(Clone, Debug)]
pub struct History {
    began: Instant,
    changes: Deque<Change, LENGTH>,
}

impl History {
    /// Nothing has changed since `now`.
    pub const fn new(now: Instant) -> Self {
        Self {
            began: now,
            changes: Deque::new(),
        }
    }

    /// Remembers a change and forgets the oldest where there is no room.
    pub fn push(&mut self, change: Change) {
        if self.changes.is_full() {
            self.changes.pop_front();
        }
        let pushed = self.changes.push_back(change);
        debug_assert!(pushed.is_ok(), "there is room now");
    }

    /// The changes, the latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().rev()
    }

    /// When the state was entered.
    pub fn since(&self) -> Instant {
        self.changes.back().map_or(self.began, |change| change.at)
    }
}
