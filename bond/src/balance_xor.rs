//! balance-xor: a hash of the frame chooses the member. 802.3ad sends so, too.

use crate::egress::{Table, is_masked};
use crate::resilient::heir;
use crate::{MAX_MEMBERS, Mapping};

impl Table {
    /// The member that a frame with this hash leaves by. `masked` has a bit for each member whose
    /// carrier the forwarder sees gone before bondd has said so.
    #[must_use]
    pub fn choose(&self, hash: u32, masked: u32) -> Option<usize> {
        match self.mapping {
            Mapping::Modulo => self.modulo(hash, masked),
            Mapping::Resilient => self.bucket(hash, masked),
        }
    }

    fn modulo(&self, hash: u32, masked: u32) -> Option<usize> {
        let of = |left: &heapless::Vec<u8, MAX_MEMBERS>| {
            let place = usize::try_from(hash).ok()?.checked_rem(left.len())?;
            left.get(place).copied().map(usize::from)
        };
        if masked == 0 {
            of(&self.usable)
        } else {
            of(&self.survivors(masked))
        }
    }

    fn bucket(&self, hash: u32, masked: u32) -> Option<usize> {
        let [bucket, ..] = hash.to_le_bytes();
        let owner = *self.buckets.get(usize::from(bucket))?;
        if !is_masked(owner, masked) && self.usable.contains(&owner) {
            return Some(usize::from(owner));
        }
        heir(&self.buckets, &self.survivors(masked), bucket).map(usize::from)
    }
}
