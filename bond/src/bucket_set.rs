//! A set of buckets, a bit each.

/// Some of the 256 buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BucketSet([u64; 4]);

impl BucketSet {
    /// The words that [`BucketSet::words`] gave.
    #[must_use]
    pub const fn from_words(words: [u64; 4]) -> Self {
        Self(words)
    }

    /// The set as words, the lowest bucket in the lowest bit of the first.
    #[must_use]
    pub const fn words(self) -> [u64; 4] {
        self.0
    }

    /// Puts a bucket in.
    pub fn insert(&mut self, bucket: u8) {
        if let Some(word) = self.0.get_mut(usize::from(bucket >> 6)) {
            *word |= 1 << (bucket & 63);
        }
    }

    /// Takes a bucket out.
    pub fn remove(&mut self, bucket: u8) {
        if let Some(word) = self.0.get_mut(usize::from(bucket >> 6)) {
            *word &= !(1 << (bucket & 63));
        }
    }

    /// Whether a bucket is in it.
    #[must_use]
    pub fn contains(&self, bucket: u8) -> bool {
        let word = self.0.get(usize::from(bucket >> 6));
        word.is_some_and(|word| word >> (bucket & 63) & 1 == 1)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }
}

#[cfg(test)]
mod tests {
    use super::BucketSet;

    #[test]
    fn what_was_put_in_is_in_it_until_it_is_taken_out_and_nothing_else() {
        let mut set = BucketSet::default();
        assert!(set.is_empty());
        for bucket in [0, 63, 64, 255] {
            set.insert(bucket);
        }
        let is_in = |set: &BucketSet| (0..=255).filter(|&b| set.contains(b)).count();
        assert!(set.contains(255) && set.contains(64) && !set.contains(65));
        assert_eq!(is_in(&BucketSet::from_words(set.words())), 4);
        set.remove(64);
        assert!(!set.contains(64) && is_in(&set) == 3);
    }
}
