//! The keyed hash that places a connection: two folded multiplications.

use crate::address::Endpoint;

/// The table's random key, spread over three secrets: without it a client cannot aim at a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKey {
    /// The key as it was given.
    pub seed: [u64; 2],
    secrets: [u64; 3],
}

/// The high and the low half of a product, folded.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper half goes by itself"
)]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl HashKey {
    /// The key with this seed. However few bits of it are set, each secret's are mixed.
    pub const fn new(seed: [u64; 2]) -> Self {
        let [k0, k1] = seed;
        let first = fold(k0 ^ GOLDEN, 0xd6e8_feb8_6659_fd93 ^ k1.rotate_left(17));
        let second = fold(k1 ^ GOLDEN.rotate_left(31), 0xa076_1d64_78bd_642f ^ first);
        let third = fold(first ^ second.rotate_left(29), 0xe703_7ed1_a0b4_28db ^ k0);
        Self {
            seed,
            secrets: [first, second, third | 1],
        }
    }

    /// The hash of what request and NAT reply share.
    #[inline]
    pub fn client(self, client: Endpoint, protocol: u8) -> u64 {
        let [s0, s1, s2] = self.secrets;
        let [high, low] = client.address.to_words();
        let rest = u64::from(client.port) << 48 | u64::from(protocol) << 40;
        fold(fold(low ^ s0, high ^ rest ^ s1) ^ s0, s2)
    }
}

/// Where a connection with this hash may lie, and its tag's share of the hash.
#[derive(Clone, Copy, Debug)]
pub struct Place(pub u64);

impl Place {
    /// The shard, of `shards`, a power of two up to 256.
    #[inline]
    pub const fn shard(self, shards: usize) -> usize {
        (self.0 >> 56) as usize & (shards - 1)
    }

    /// The first bucket, of `buckets` in the shard.
    #[inline]
    pub const fn first(self, buckets: usize) -> usize {
        reduce(self.0 & 0xffff_ffff, buckets)
    }

    /// The second bucket; never the first one where there are two.
    #[inline]
    pub fn second(self, buckets: usize) -> usize {
        let first = self.first(buckets);
        let other = fold(self.0, GOLDEN) & 0xffff_ffff;
        let step = 1 + reduce(other, buckets.saturating_sub(1).max(1));
        let second = first + step;
        if second < buckets {
            second
        } else {
            second % buckets
        }
    }

    /// The 24 bits of the tag.
    #[inline]
    pub const fn tag(self) -> u32 {
        (self.0 >> 32) as u32 & 0x00ff_ffff
    }
}

/// Maps 32 bits evenly onto `0..n`.
#[inline]
const fn reduce(bits: u64, n: usize) -> usize {
    ((bits * n as u64) >> 32) as usize
}
