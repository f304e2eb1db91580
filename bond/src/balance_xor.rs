//! balance-xor: a hash of the frame chooses the member. 802.3ad sends so, too.

use crate::Mapping;
use crate::egress::{Table, is_masked};
use crate::resilient::deal;

impl Table {
    /// The member that a frame with this hash leaves by. `masked` has a bit for each member whose
    /// carrier the forwarder sees gone before bondd has said so.
    #[must_use]
    #[inline]
    pub fn choose(&self, hash: u32, masked: u32) -> Option<usize> {
        match self.mapping {
            Mapping::Modulo => self.modulo(hash, masked),
            Mapping::Resilient => self.bucket(hash, masked),
        }
    }

    #[inline]
    fn modulo(&self, hash: u32, masked: u32) -> Option<usize> {
        let of = |left: &[u8]| {
            // Of 32 bits: a processor divides these in half the time.
            let place = hash.checked_rem(u32::try_from(left.len()).ok()?)?;
            left.get(usize::try_from(place).ok()?)
                .copied()
                .map(usize::from)
        };
        if masked == 0 {
            of(&self.usable)
        } else {
            of(&self.survivors(masked))
        }
    }

    #[inline]
    fn bucket(&self, hash: u32, masked: u32) -> Option<usize> {
        let [bucket, ..] = hash.to_le_bytes();
        let owner = *self.buckets.get(usize::from(bucket))?;
        if self.usable.has(owner) && !is_masked(owner, masked) {
            return Some(usize::from(owner));
        }
        self.heir(bucket, masked)
    }

    /// Who has a bucket when its owner is lost, before bondd has said so.
    #[cold]
    fn heir(&self, bucket: u8, masked: u32) -> Option<usize> {
        let mut dealt = self.buckets;
        deal(&mut dealt, &self.shares(masked));
        let heir = *dealt.get(usize::from(bucket))?;
        let is_usable = self.usable.has(heir) && !is_masked(heir, masked);
        is_usable.then(|| usize::from(heir))
    }
}
