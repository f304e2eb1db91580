//! How long to wait before a program that has ended is started again: as a value without a clock.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);

/// One that ran this long is in order.
const HEALTHY: Duration = Duration::from_secs(60);

/// The waiting time doubles with each end, up to the longest, until the program has run for a minute.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Never waits longer than `longest`.
    pub const fn new(longest: Duration) -> Self {
        Self {
            next: FIRST,
            longest,
        }
    }

    /// It has ended after `lived`: the time to wait.
    pub fn after(&mut self, lived: Duration) -> Duration {
        if lived >= HEALTHY {
            self.next = FIRST;
        }
        let wait = self.next.min(self.longest);
        self.next = wait.saturating_mul(2);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    #[test]
    fn the_time_doubles_up_to_the_longest() {
        let mut backoff = Backoff::new(LONGEST);
        let waits: Vec<u128> = (0..11)
            .map(|_| backoff.after(Duration::ZERO).as_millis())
            .collect();
        assert_eq!(
            waits,
            [
                100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000
            ]
        );
    }

    #[test]
    fn a_program_that_ran_for_a_minute_starts_over_and_one_that_did_not_goes_on() {
        let mut backoff = Backoff::new(LONGEST);
        backoff.after(Duration::ZERO);
        backoff.after(Duration::ZERO);
        assert_eq!(backoff.after(Duration::from_secs(59)).as_millis(), 400);
        assert_eq!(backoff.after(Duration::from_secs(60)).as_millis(), 100);
        assert_eq!(backoff.after(Duration::ZERO).as_millis(), 200);
    }
}
