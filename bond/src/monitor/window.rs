//! How long a sign of life counts.

use wire::{Duration, Instant};

/// Whether something that happened at `then` still counts at `now`, for `periods` of `interval`: in
/// Linux's window, one interval before it to half an interval longer after it.
pub(super) fn counts(
    now: Instant,
    then: Option<Instant>,
    periods: u64,
    interval: Duration,
) -> bool {
    let half = Duration::from_nanos(interval.as_nanos() / 2);
    then.is_some_and(|then| now + interval >= then && now <= then + interval.times(periods) + half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_of_life_counts_from_an_interval_before_to_half_an_interval_after_its_periods() {
        let ns = |ns: u64| Instant::from_nanos(1_000_000_000 + ns);
        let interval = Duration::from_nanos(100);
        let counts_at = |now, periods| counts(now, Some(ns(0)), periods, interval);
        for (periods, last) in [(1, 150), (2, 250), (3, 350)] {
            assert!(counts_at(ns(last), periods));
            assert!(!counts_at(ns(last + 1), periods));
        }
        let early = Instant::from_nanos(1_000_000_000 - 100);
        assert!(counts_at(early, 1));
        assert!(!counts_at(Instant::from_nanos(1_000_000_000 - 101), 1));
        assert!(!counts(ns(0), None, 255, interval));
    }
}
