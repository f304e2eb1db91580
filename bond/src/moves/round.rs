//! The buckets of one round, and where they go.

use wire::Instant;

use crate::bucket_set::BucketSet;
use crate::resilient::UNOWNED;
use crate::{BUCKETS, MAX_MEMBERS};

/// Buckets that move together.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// By bucket: its next owner; [`UNOWNED`]: it is not in this round, or has moved.
    to: [u8; BUCKETS],
    /// The first table that has the workers hold the frames.
    pub(super) generation: u64,
    /// When whatever is left moves.
    pub(super) until: Instant,
}

impl Round {
    /// What has another owner in `to` than in `from`.
    pub(super) fn new(from: &[u8; BUCKETS], to: &[u8; BUCKETS], until: Instant) -> Self {
        let mut to = *to;
        for (to, from) in to.iter_mut().zip(from) {
            if to == from {
                *to = UNOWNED;
            }
        }
        Self {
            to,
            generation: 0,
            until,
        }
    }

    /// The next owner of a bucket that is on its way.
    pub(super) fn to(&self, bucket: u8) -> Option<u8> {
        let to = *self.to.get(usize::from(bucket))?;
        (to != UNOWNED).then_some(to)
    }

    /// Takes a bucket out: its next owner, if it was in.
    pub(super) fn take(&mut self, bucket: u8) -> Option<u8> {
        let to = self.to(bucket)?;
        if let Some(place) = self.to.get_mut(usize::from(bucket)) {
            *place = UNOWNED;
        }
        Some(to)
    }

    /// Takes out every bucket for which `is_kept` does not hold; it is told bucket and next owner.
    pub(super) fn keep(&mut self, is_kept: impl Fn(u8, u8) -> bool) {
        for bucket in 0..=u8::MAX {
            if self.to(bucket).is_some_and(|to| !is_kept(bucket, to)) {
                self.take(bucket);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.to.iter().all(|to| *to == UNOWNED)
    }

    pub(super) fn held(&self) -> BucketSet {
        let mut held = BucketSet::default();
        let moving = (0..=u8::MAX).filter(|&bucket| self.to(bucket).is_some());
        moving.for_each(|bucket| held.insert(bucket));
        held
    }

    /// The members that lose buckets, by the owners of now.
    pub(super) fn old_members(&self, owners: &[u8; BUCKETS]) -> heapless::Vec<usize, MAX_MEMBERS> {
        let pairs = || owners.iter().zip(&self.to);
        let loses = |member: &usize| {
            let mut pairs = pairs();
            pairs.any(|(owner, to)| *to != UNOWNED && usize::from(*owner) == *member)
        };
        (0..MAX_MEMBERS).filter(loses).collect()
    }
}
