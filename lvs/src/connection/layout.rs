//! The region's header and how its words are shared out.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};

use super::hash::HashKey;

/// Words of the header: a page.
const HEADER_WORDS: usize = 512;
/// Words of a real's slot in the registry, and of a connection's cell.
pub const CELL_WORDS: usize = 8;
/// Words of a bucket: a cell of tags, and fifteen connections.
pub const BUCKET_WORDS: usize = 128;
/// Connections of a bucket.
pub const BUCKET_CELLS: usize = 15;
const SHARDS_MAX: usize = 256;
const SHARD_BUCKETS_MIN: usize = 64;
const SLOTS_MIN: usize = 16;
const SLOTS_MAX: usize = 65_536;
/// "4fold ct" and the version of the layout, which changes with the meaning of any word.
const MAGIC: u64 = 0x3466_6f6c_6463_7401;

/// Words of the header, by their place.
const WORD_MAGIC: usize = 0;
const WORD_LENGTH: usize = 1;
const WORD_KEY: usize = 2;

/// A real's slot in the registry.
pub type SlotWords = [AtomicU64; CELL_WORDS];
/// A bucket.
pub type BucketWords = [AtomicU64; BUCKET_WORDS];

/// Why memory cannot hold a connection table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutError {
    /// It has fewer than the words that are needed for two buckets.
    TooSmall {
        /// Words that would do.
        needed: usize,
    },
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall { needed } => {
                write!(f, "a connection table needs {} bytes or more", needed * 8)
            }
        }
    }
}

impl core::error::Error for LayoutError {}

/// The region, shared out: everything follows from its length.
#[derive(Clone, Copy)]
pub struct Layout<'m> {
    header: &'m [AtomicU64],
    length: usize,
    /// The registry of reals.
    pub slots: &'m [SlotWords],
    /// All buckets; a shard's lie together.
    pub buckets: &'m [BucketWords],
    /// Shards, a power of two.
    pub shards: usize,
    /// Buckets of a shard.
    pub shard_buckets: usize,
}

impl fmt::Debug for Layout<'_> {
    /// How the region is shared out, without its contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layout")
            .field("length", &self.length)
            .field("slots", &self.slots.len())
            .field("shards", &self.shards)
            .field("shard_buckets", &self.shard_buckets)
            .finish_non_exhaustive()
    }
}

impl<'m> Layout<'m> {
    /// Shares out a region: a sixteenth for the registry, all else for buckets.
    pub fn new(words: &'m [AtomicU64]) -> Result<Self, LayoutError> {
        let slots = (words.len() / CELL_WORDS / 16).clamp(SLOTS_MIN, SLOTS_MAX) & !(SLOTS_MIN - 1);
        let needed = HEADER_WORDS + slots * CELL_WORDS + 2 * BUCKET_WORDS;
        if words.len() < needed {
            return Err(LayoutError::TooSmall { needed });
        }
        let (header, rest) = words.split_at(HEADER_WORDS);
        let (registry, rest) = rest.split_at(slots * CELL_WORDS);
        let (buckets, _) = rest.as_chunks();
        // Few buckets make few shards, so that all shards fill alike.
        let shards = 1
            << (buckets.len() / SHARD_BUCKETS_MIN)
                .clamp(1, SHARDS_MAX)
                .ilog2();
        let shard_buckets = buckets.len() / shards;
        let (slots, _) = registry.as_chunks();
        Ok(Self {
            header,
            length: words.len(),
            slots,
            buckets,
            shards,
            shard_buckets,
        })
    }

    /// Empties the region and makes it a table with this key. The magic number comes last.
    pub fn format(&self, key: HashKey) {
        self.word(WORD_MAGIC).store(0, Ordering::Release);
        let all = self
            .slots
            .as_flattened()
            .iter()
            .chain(self.buckets.as_flattened());
        for word in all {
            word.store(0, Ordering::Relaxed);
        }
        let [k0, k1] = key.seed;
        self.word(WORD_LENGTH)
            .store(self.length as u64, Ordering::Relaxed);
        self.word(WORD_KEY).store(k0, Ordering::Relaxed);
        self.word(WORD_KEY + 1).store(k1, Ordering::Relaxed);
        self.word(WORD_MAGIC).store(MAGIC, Ordering::Release);
    }

    /// The key of a table that is there already, of this length and version.
    pub fn key(&self) -> Option<HashKey> {
        let magic = self.word(WORD_MAGIC).load(Ordering::Acquire);
        let length = self.word(WORD_LENGTH).load(Ordering::Relaxed);
        let key = [WORD_KEY, WORD_KEY + 1].map(|at| self.word(at).load(Ordering::Relaxed));
        (magic == MAGIC && length == self.length as u64).then(|| HashKey::new(key))
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the header was split off with HEADER_WORDS words"
    )]
    fn word(&self, at: usize) -> &'m AtomicU64 {
        &self.header[at]
    }

    /// The place of the first bucket, in words.
    #[cfg(test)]
    pub fn buckets_at(&self) -> usize {
        HEADER_WORDS + self.slots.len() * CELL_WORDS
    }

    /// The buckets of a shard.
    #[inline]
    pub fn shard(&self, shard: usize) -> &'m [BucketWords] {
        let start = shard * self.shard_buckets;
        self.buckets
            .get(start..start + self.shard_buckets)
            .unwrap_or_default()
    }
}
