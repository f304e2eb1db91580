//! A quick hash for small keys: a folded multiplication a word, from a random seed.
//!
//! The maps that it serves are looked up for every packet whose next hop no cache has. What they
//! hold comes from the kernel's tables, which bound it.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A map with quick look-ups.
pub type QuickMap<K, V> = HashMap<K, V, Seed>;

/// Where the hashes of one map start.
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }
}

impl BuildHasher for Seed {
    type Hasher = Folded;

    #[inline]
    fn build_hasher(&self) -> Folded {
        Folded(self.0)
    }
}

/// A hash in the making.
#[derive(Debug)]
pub struct Folded(u64);

/// Odd, with its bits well mixed: the golden ratio's.
const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Folded {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * FACTOR;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    fn write_u128(&mut self, number: u128) {
        self.write_u64((number >> 64) as u64);
        self.write_u64(number as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn addresses_in_a_row_get_hashes_that_differ_at_both_ends() {
        let seed = Seed::default();
        let hashes: Vec<u64> = (0..4_096_u128)
            .map(|n| seed.hash_one((false, 0x0a01_0000 + n)))
            .collect();
        let distinct = |shift: u32| {
            let ends: HashSet<u64> = hashes.iter().map(|hash| (hash >> shift) & 0xfff).collect();
            ends.len()
        };
        // Of 4,096 draws from as many, 63 % are distinct.
        for shift in [0, 52] {
            assert!(distinct(shift) > 2_000, "{} at {shift}", distinct(shift));
        }
    }
}
