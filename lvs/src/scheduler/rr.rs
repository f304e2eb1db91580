//! Round robin, as in IPVS: the next real of the list after the one used last, those of weight 0
//! skipped.

use alloc::boxed::Box;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::Candidate;
use crate::connection::RealId;

/// The reals that take connections, in turn.
#[derive(Debug)]
pub struct RoundRobin {
    reals: Box<[RealId]>,
    /// Turns taken, by all workers.
    turns: AtomicUsize,
}

impl RoundRobin {
    /// Goes through `order` from its start, or from after `last` where that is a part of it.
    pub fn new(order: &[Candidate], last: Option<RealId>) -> Self {
        let position = last.and_then(|last| order.iter().position(|real| real.id == last));
        let usable = |real: &&Candidate| real.weight > 0;
        let passed = position.map_or(0, |at| order.iter().take(at + 1).filter(usable).count());
        let reals = order.iter().filter(usable).map(|real| real.id).collect();
        Self {
            reals,
            turns: AtomicUsize::new(passed),
        }
    }

    /// The real whose turn it is.
    pub fn choose(&self) -> Option<RealId> {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        self.reals.get(turn.checked_rem(self.reals.len())?).copied()
    }

    /// The real that was chosen last.
    pub fn last(&self) -> Option<RealId> {
        let turn = self.turns.load(Ordering::Relaxed).checked_sub(1)?;
        self.reals.get(turn.checked_rem(self.reals.len())?).copied()
    }
}

#[cfg(test)]
mod tests;
