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
