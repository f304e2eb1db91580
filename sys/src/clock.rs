//! The clock of this host.

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds of `CLOCK_MONOTONIC`: never steps, stops while the machine sleeps, the same for every
/// process of the host (so that two of them can compare times through shared memory).
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "CLOCK_MONOTONIC exists on every Linux; no other error"
)]
pub fn monotonic_nanos() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("CLOCK_MONOTONIC is always there");
    let seconds = u64::try_from(now.tv_sec()).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec()).unwrap_or(0);
    seconds * 1_000_000_000 + nanos
}

/// Milliseconds since 1970 (UTC), by a clock that may be set: for people to read, not to measure with.
#[must_use]
pub fn unix_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    // Before 1970 the clock was never set.
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Nanoseconds since 1970 (UTC), by the same clock as [`unix_millis`]: for captures.
#[must_use]
pub fn unix_nanos() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::monotonic_nanos;

    #[test]
    fn the_clock_moves_and_never_back() {
        let start = monotonic_nanos();
        assert!(start > 0);
        let mut last = start;
        while last == start {
            let next = monotonic_nanos();
            assert!(next >= last);
            last = next;
        }
    }
}
