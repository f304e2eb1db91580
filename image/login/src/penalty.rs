//! What a wrong password costs: time, more with each one in a row. A value; the time is an argument.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the first one costs; each further one costs twice as much.
const FIRST: Duration = Duration::from_secs(1);
/// And never more than this.
const MOST: Duration = Duration::from_secs(30);

/// The wrong passwords of one console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Penalty {
    /// How many in a row.
    failures: u32,
    /// Until when the last one is paid for, in nanoseconds of `CLOCK_MONOTONIC`.
    until_ns: u64,
}

impl Penalty {
    /// Takes note of a wrong password at `now_ns`.
    pub fn failed(&mut self, now_ns: u64) {
        let doublings = 2_u32.saturating_pow(self.failures.min(31));
        let cost = FIRST.saturating_mul(doublings).min(MOST);
        self.failures = self.failures.saturating_add(1);
        let cost = u64::try_from(cost.as_nanos()).unwrap_or(u64::MAX);
        self.until_ns = now_ns.saturating_add(cost);
    }

    /// How many in a row there were.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// How long there is still to wait. Never longer than the longest.
    pub fn left(&self, now_ns: u64) -> Duration {
        Duration::from_nanos(self.until_ns.saturating_sub(now_ns)).min(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn each_wrong_password_in_a_row_costs_twice_as_much_up_to_half_a_minute() {
        let mut penalty = Penalty::default();
        let mut now = 7 * SECOND;
        for cost in [1, 2, 4, 8, 16, 30, 30, 30] {
            penalty.failed(now);
            assert_eq!(penalty.left(now).as_secs(), cost);
            now += cost * SECOND;
            assert_eq!(penalty.left(now), Duration::ZERO);
        }
        assert_eq!(penalty.failures(), 8);
    }

    #[test]
    fn who_comes_back_early_waits_for_the_rest() {
        let mut penalty = Penalty::default();
        for _ in 0..3 {
            penalty.failed(0);
        }
        assert_eq!(penalty.left(SECOND).as_secs(), 3);
        let kept = serde_json::to_string(&penalty).expect("JSON");
        let kept: Penalty = serde_json::from_str(&kept).expect("a penalty");
        assert_eq!(kept.left(SECOND).as_secs(), 3);
    }

    #[test]
    fn without_a_wrong_password_nobody_waits_and_no_number_makes_it_endless() {
        assert_eq!(Penalty::default().left(0), Duration::ZERO);
        let far = Penalty {
            failures: u32::MAX,
            until_ns: u64::MAX,
        };
        assert_eq!(far.left(0), MOST);
        let mut far = far;
        far.failed(0);
        assert_eq!(far.left(0), MOST);
    }
}
