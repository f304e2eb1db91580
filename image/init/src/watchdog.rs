//! For how long the hardware watchdog may be fed: as a value without a clock.
//!
//! The chain: the supervisor's main loop says a byte each second, init takes it to mean 20 s more, a thread
//! feeds the device as long as that time is not over. Each thing that can hang holds up the next one.

use std::time::Duration;

/// The device resets the machine this long after it was fed last.
pub const TIMEOUT_SECONDS: i32 = 30;

/// A supervisor that says nothing for this long hangs.
pub const LIMIT: Duration = Duration::from_secs(20);

/// The time from a supervisor's start, or its death, to the next one's first word.
pub const GRACE: Duration = Duration::from_secs(90);

/// Until when the machine counts as alive. Times are since its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watchdog {
    until: Duration,
    has_grace: bool,
}

impl Watchdog {
    /// From the start of process 1, which is busy with its first step for at most `limit`.
    pub const fn new(now: Duration, limit: Duration) -> Self {
        Self {
            until: now.saturating_add(limit),
            has_grace: true,
        }
    }

    /// Init itself does something that takes `limit` at most.
    pub fn busy(&mut self, now: Duration, limit: Duration) {
        self.until = self.until.max(now.saturating_add(limit));
    }

    /// A supervisor has been started, or has died. There is one grace until the next word: a supervisor
    /// that dies again and again without a word has the machine reset.
    pub fn change(&mut self, now: Duration) {
        if self.has_grace {
            self.has_grace = false;
            self.until = now.saturating_add(GRACE);
        }
    }

    /// The supervisor has said that its loop turns.
    pub fn beat(&mut self, now: Duration) {
        self.has_grace = true;
        self.until = now.saturating_add(LIMIT);
    }

    /// Until when the device is fed.
    pub const fn until(&self) -> Duration {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn init_feeds_by_itself_as_long_as_each_of_its_steps_may_take() {
        let mut watchdog = Watchdog::new(at(1), at(60));
        assert_eq!(watchdog.until(), at(61));
        watchdog.busy(at(50), at(120));
        assert_eq!(watchdog.until(), at(170));
        watchdog.busy(at(51), at(10));
        assert_eq!(watchdog.until(), at(170), "a short step took time away");
    }

    #[test]
    fn a_supervisor_that_beats_is_worth_20_seconds_and_one_that_stops_no_more() {
        let mut watchdog = Watchdog::new(at(0), at(600));
        watchdog.change(at(5));
        assert_eq!(watchdog.until(), at(95), "booting is over");
        watchdog.beat(at(6));
        assert_eq!(watchdog.until(), at(26));
        watchdog.beat(at(7));
        assert_eq!(watchdog.until(), at(27));
    }

    #[test]
    fn a_death_after_a_word_is_followed_by_a_grace() {
        let mut watchdog = Watchdog::new(at(0), at(60));
        watchdog.change(at(1));
        watchdog.beat(at(2));
        watchdog.change(at(10));
        assert_eq!(watchdog.until(), at(100));
        watchdog.beat(at(11));
        assert_eq!(watchdog.until(), at(31));
    }

    #[test]
    fn deaths_without_a_word_between_them_share_one_grace() {
        let mut watchdog = Watchdog::new(at(0), at(60));
        watchdog.change(at(1));
        watchdog.change(at(2));
        watchdog.change(at(80));
        assert_eq!(watchdog.until(), at(91));
    }
}
