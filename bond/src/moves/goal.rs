//! Where buckets should be: what members and weights say, in balance-tlb and balance-alb what loads say.

use super::{Stage, add};
use crate::bond::Engine;
use crate::egress::Table;
use crate::resilient::{Shares, UNOWNED, deal, equal, remap};
use crate::shares::share_out;
use crate::{BUCKETS, Bond};

/// The owner that each bucket should have.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) owners: [u8; BUCKETS],
}

impl Default for Goal {
    fn default() -> Self {
        Self {
            owners: [UNOWNED; BUCKETS],
        }
    }
}

impl Bond {
    /// Whether every bucket is where it should be.
    pub(super) fn is_level(&self) -> bool {
        self.table.buckets == self.moves.goal.owners
    }

    /// Takes changed members into account: lost members' buckets move at once, and moves that lead
    /// nowhere any more are given up. Without order the others move at once, too.
    pub(crate) fn place_buckets(&mut self, table: &mut Table) {
        let is_ordered = self.is_ordered();
        let shares = self.shares(table);
        if self.moves.placed == Some((is_ordered, shares.clone())) {
            return;
        }
        let before = table.buckets;
        deal(&mut table.buckets, &shares);
        let lost = before.iter().zip(&table.buckets);
        let lost = lost.filter(|(old, new)| old != new && **old != UNOWNED);
        add(&mut self.moves.moved.lost, lost.count());
        self.moves.goal.owners = self.wanted(table, &shares);
        self.moves.placed = Some((is_ordered, shares));
        if is_ordered {
            self.give_up_lost(&before, table);
        } else {
            let dealt = core::mem::replace(&mut table.buckets, self.moves.goal.owners);
            let moved = dealt.iter().zip(&table.buckets).filter(|(a, b)| a != b);
            add(&mut self.moves.moved.idle, moved.count());
            self.moves.stage = Stage::Rest;
        }
        table.moving = self.moves.moving();
    }

    /// Gives buckets other owners than members and weights alone would.
    pub(crate) fn aim(&mut self, owners: [u8; BUCKETS]) {
        self.moves.goal.owners = owners;
        self.moves.placed = None;
        self.refresh();
    }

    /// The buckets that were on their way from or to a member that is gone are not any more.
    fn give_up_lost(&mut self, before: &[u8; BUCKETS], table: &Table) {
        let is_over = self.moves.round().is_some_and(|round| {
            round.keep(|bucket, to| {
                let at = usize::from(bucket);
                before.get(at) == table.buckets.get(at) && table.usable.has(to)
            });
            round.is_empty()
        });
        if is_over {
            self.moves.stage = Stage::Rest;
        }
    }

    /// What a lost member's buckets are dealt out by, here as in the forwarder.
    fn shares(&self, table: &Table) -> Shares {
        match &self.engine {
            Engine::Adaptive(_) => equal(&table.usable),
            Engine::Static | Engine::ActiveBackup { .. } | Engine::Ieee8023ad(_) => table.shares(0),
        }
    }

    /// The owners that the buckets of `table` should have.
    fn wanted(&self, table: &Table, shares: &Shares) -> [u8; BUCKETS] {
        let mut wanted;
        match &self.engine {
            // Loads have placed them; a member that joined has none yet.
            Engine::Adaptive(_) => {
                wanted = self.moves.goal.owners;
                share_out(&mut wanted, &self.table.usable, &table.usable);
            }
            Engine::Static | Engine::ActiveBackup { .. } | Engine::Ieee8023ad(_) => {
                wanted = table.buckets;
                remap(&mut wanted, shares);
            }
        }
        wanted
    }
}
