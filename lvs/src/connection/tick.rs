//! Coarse time, as connections keep it.

use wire::{Duration, Instant};

use crate::config::Seconds;

/// log2 of a tick's nanoseconds.
const SHIFT: u32 = 26;

/// A point on the monotonic clock in ticks of 2^26 ns (67 ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(pub u32);

impl Tick {
    /// The tick in which `now` lies; the last one after nine years of uptime.
    #[inline]
    pub fn at(now: Instant) -> Self {
        Self(u32::try_from(now.as_nanos() >> SHIFT).unwrap_or(u32::MAX))
    }

    /// Ticks since `earlier`; 0 when that is later, as with another worker's clock.
    #[inline]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The number of ticks that covers a span of seconds.
pub fn ticks(span: Seconds) -> u32 {
    let nanos = Duration::from_secs(u64::from(span.0)).as_nanos();
    u32::try_from(nanos.div_ceil(1 << SHIFT)).unwrap_or(u32::MAX)
}

/// The span of a number of ticks.
pub const fn span(ticks: u32) -> Duration {
    Duration::from_nanos((ticks as u64) << SHIFT)
}
