//! Schedulers: which real a new connection goes to. One file each.

mod maglev;
mod rr;

use alloc::vec::Vec;

use crate::address::Endpoint;
use crate::config::SchedulerKind;
use crate::connection::{Key, RealId};

/// A real, as a scheduler sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its id on this box.
    pub id: RealId,
    /// What it is called on every box.
    pub endpoint: Endpoint,
    /// Its weight; 0 is never chosen.
    pub weight: u32,
}

/// A scheduler's state for one service, built by the slow path and read by workers.
#[derive(Debug)]
pub enum Scheduler {
    /// Weighted Maglev hashing.
    Maglev(maglev::Maglev),
    /// Round robin.
    Rr(rr::RoundRobin),
}

impl Scheduler {
    /// A scheduler over reals in the order in which they were added. `before` is the service's
    /// scheduler until now, whose turn goes on.
    pub fn new(kind: SchedulerKind, reals: &[Candidate], before: Option<&Self>) -> Self {
        match kind {
            SchedulerKind::Maglev => Self::Maglev(maglev::Maglev::new(reals)),
            SchedulerKind::Rr => {
                let last = match before {
                    Some(Self::Rr(rr)) => rr.last(),
                    Some(Self::Maglev(_)) | None => None,
                };
                // Linux's order: the real that was added last comes first.
                let order: Vec<Candidate> = reals.iter().rev().copied().collect();
                Self::Rr(rr::RoundRobin::new(&order, last))
            }
        }
    }

    /// The real for a new connection; none when no real takes any.
    pub fn choose(&self, key: &Key) -> Option<RealId> {
        match self {
            Self::Maglev(maglev) => maglev.choose(key),
            Self::Rr(rr) => rr.choose(),
        }
    }
}
