//! Waking the workers when bondd has published an egress table: one that sleeps may be the one that
//! a question is for.

use crate::shared::Shared;

/// By bond, the table that the workers were woken for last.
#[derive(Debug, Default)]
pub struct Nudge {
    seen: Vec<u64>,
}

impl Nudge {
    /// Wakes the workers if there is a table that they have not been woken for.
    pub fn look(&mut self, shared: &Shared) {
        let generation = |bond: &crate::shared::BondLink| {
            let egress = bond.egress.load();
            let words = egress.as_ref().map(|memory| memory.words());
            words.map_or(0, bond::egress::generation)
        };
        let published: Vec<u64> = shared.bonds.iter().map(generation).collect();
        if published != self.seen {
            self.seen = published;
            for worker in &shared.workers {
                worker.from_host.nudge();
            }
        }
    }
}
