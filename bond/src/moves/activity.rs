//! Which buckets are idle, as the forwarder's counts of bytes say.

use core::sync::atomic::AtomicU64;

use wire::{Duration, Instant};

use crate::{BUCKETS, feedback};

/// Without a frame for so long a bucket is idle: what it sent last has arrived.
const QUIET: Duration = Duration::from_millis(50);
/// How often the counts are read.
const INTERVAL: Duration = Duration::from_millis(10);

/// By bucket, what was sent and when that was last news.
#[derive(Clone, Debug)]
pub(super) struct Activity {
    buckets: [(u64, Instant); BUCKETS],
    read: Option<Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            buckets: [(0, Instant::default()); BUCKETS],
            read: None,
        }
    }
}

impl Activity {
    /// Reads the counts if it is time to.
    pub(super) fn look(&mut self, words: &[AtomicU64], now: Instant) {
        if self.read.is_none_or(|read| now.since(read) >= INTERVAL) {
            self.sample(words, now);
        }
    }

    /// Reads the counts.
    pub(super) fn sample(&mut self, words: &[AtomicU64], now: Instant) {
        // What was sent before the first look may have been sent a moment ago.
        let is_first = self.read.is_none();
        for (bucket, (sent, at)) in (0..=u8::MAX).zip(&mut self.buckets) {
            let bytes = feedback::bytes(words, bucket);
            if is_first || bytes != *sent {
                (*sent, *at) = (bytes, now);
            }
        }
        self.read = Some(now);
    }

    /// Whether nothing has been sent for a while.
    pub(super) fn is_idle(&self, bucket: u8, now: Instant) -> bool {
        let bucket = self.buckets.get(usize::from(bucket));
        bucket.is_some_and(|(_, at)| now.since(*at) >= QUIET)
    }
}
