//! Removing what has been silent for too long, a piece at a time.

use core::sync::atomic::Ordering;

use wire::Instant;

use super::cell::{Bucket, StateWord};
use super::table::Table;
use super::tick::Tick;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Connections that it removed.
    pub removed: usize,
    /// Whether it came to the table's end, so that the next one starts over.
    pub wrapped: bool,
}

impl Table<'_> {
    /// How many buckets a whole round looks at.
    #[must_use]
    pub const fn buckets(&self) -> usize {
        self.layout.shards * self.layout.shard_buckets
    }

    /// Looks at the next `budget` buckets and removes what has expired. A shard that is locked for
    /// long is left for the next round.
    pub fn sweep(&self, now: Instant, budget: usize) -> Swept {
        let now = Tick::at(now);
        let start = self.sweep_at.load(Ordering::Relaxed);
        let end = (start + budget).min(self.buckets());
        let removed = (start..end).map(|at| self.sweep_bucket(at, now)).sum();
        let wrapped = end == self.buckets();
        self.sweep_at
            .store(if wrapped { 0 } else { end }, Ordering::Relaxed);
        Swept { removed, wrapped }
    }

    fn sweep_bucket(&self, at: usize, now: Tick) -> usize {
        let Some(bucket) = self.layout.buckets.get(at).and_then(Bucket::new) else {
            return 0;
        };
        let expired = |cell: &usize| {
            let word = bucket
                .cell(*cell)
                .map(|cell| cell.state().load(Ordering::Relaxed));
            word.is_some_and(|word| self.remaining(StateWord(word), now) == 0)
        };
        if !bucket.taken().any(|cell| expired(&cell)) {
            return 0;
        }
        let Some(_guard) = self.lock(at / self.layout.shard_buckets) else {
            return 0;
        };
        let mut removed = 0;
        for cell in bucket.taken().filter(expired) {
            self.retire(bucket, cell);
            removed += 1;
        }
        self.events.expired.fetch_add(removed, Ordering::Relaxed);
        usize::try_from(removed).unwrap_or(usize::MAX)
    }
}
