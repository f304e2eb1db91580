//! When a dead daemon is started again: the policy, as a value. Time is an argument.
//!
//! A daemon that dies is started at once. One that dies within [`EARLY`] of its start is started cold: what
//! is stored of its kernel state may be what kills it. From the third death in a row there is a back-off,
//! [`BACK_OFF_MIN`] doubling up to [`BACK_OFF_MAX`]. More than [`DEATHS`] deaths within [`WINDOW`] end in
//! maintenance.
//!
//! A daemon that ends because it asks to be started anew has not died, unless it asks more than [`ASKED`]
//! times within the window: then it does so in a loop.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A death this soon after the start counts as one in a row, and makes the next start cold.
pub const EARLY: Duration = Duration::from_secs(1);
/// The first back-off.
pub const BACK_OFF_MIN: Duration = Duration::from_millis(100);
/// The longest back-off.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// So many deaths within [`WINDOW`] are borne.
pub const DEATHS: usize = 10;
/// So often within [`WINDOW`] may a daemon ask to be started anew.
pub const ASKED: usize = 10;
/// The time in which deaths are counted.
pub const WINDOW: Duration = Duration::from_secs(60);

/// What follows a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start it again.
    Restart {
        /// Without what is stored and not durable.
        cold: bool,
        /// This much later; zero is at once.
        after: Duration,
    },
    /// Leave it dead until an operator looks at it.
    Maintenance,
}

/// The deaths of one daemon, by a clock that goes on when the supervisor is another one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct History {
    /// The times of the deaths within the window, at most `DEATHS + 1`.
    deaths: VecDeque<Duration>,
    /// Deaths in a row: the last one and the early ones that led to it.
    row: u32,
    /// The times within the window at which it asked to be started anew, at most `ASKED + 1`.
    asked: VecDeque<Duration>,
}

impl History {
    /// Takes note of a death at `now` of a daemon started at `started`, both on one monotonic clock.
    pub fn died(&mut self, started: Duration, now: Duration) -> Decision {
        let early = now.saturating_sub(started) < EARLY;
        self.row = if early { self.row.saturating_add(1) } else { 1 };
        self.deaths
            .retain(|death| now.saturating_sub(*death) <= WINDOW);
        self.deaths.push_back(now);
        if self.deaths.len() > DEATHS {
            return Decision::Maintenance;
        }
        Decision::Restart {
            cold: early,
            after: back_off(self.row),
        }
    }

    /// Takes note of an end at `now` that was no death; false when it is one after all.
    pub fn asked(&mut self, now: Duration) -> bool {
        self.asked
            .retain(|asked| now.saturating_sub(*asked) <= WINDOW);
        self.asked.push_back(now);
        if self.asked.len() > ASKED {
            self.asked.pop_front();
            return false;
        }
        true
    }
}

fn back_off(row: u32) -> Duration {
    let Some(doublings) = row.checked_sub(3) else {
        return Duration::ZERO;
    };
    let factor = 2_u32.saturating_pow(doublings);
    BACK_OFF_MIN.saturating_mul(factor).min(BACK_OFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A daemon on a virtual clock.
    struct Life {
        history: History,
        now: Duration,
    }

    impl Life {
        fn new() -> Self {
            Self {
                history: History::default(),
                now: ms(1_000_000),
            }
        }

        /// Starts now, lives this long, dies; the clock then stands at the next start.
        fn lives(&mut self, time: Duration) -> Decision {
            let started = self.now;
            self.now += time;
            let decision = self.history.died(started, self.now);
            if let Decision::Restart { after, .. } = decision {
                self.now += after;
            }
            decision
        }
    }

    fn warm() -> Decision {
        Decision::Restart {
            cold: false,
            after: AT_ONCE,
        }
    }

    fn cold(after: Duration) -> Decision {
        Decision::Restart { cold: true, after }
    }

    #[test]
    fn a_daemon_that_lived_is_started_again_at_once_and_warm() {
        let mut life = Life::new();
        assert_eq!(life.lives(ms(3_600_000)), warm());
        assert_eq!(life.lives(ms(1_000)), warm());
    }

    #[test]
    fn a_second_death_within_a_second_is_a_cold_start_at_once() {
        let mut life = Life::new();
        assert_eq!(life.lives(ms(60_000)), warm());
        assert_eq!(life.lives(ms(999)), cold(AT_ONCE));
    }

    #[test]
    fn a_second_death_after_a_second_is_no_cold_start() {
        let mut life = Life::new();
        assert_eq!(life.lives(ms(60_000)), warm());
        assert_eq!(life.lives(ms(1_000)), warm());
    }

    #[test]
    fn from_the_third_death_in_a_row_the_back_off_doubles_up_to_its_limit() {
        let mut life = Life::new();
        assert_eq!(life.lives(ms(60_000)), warm());
        assert_eq!(life.lives(ms(0)), cold(AT_ONCE));
        for after in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            assert_eq!(life.lives(ms(5)), cold(ms(after)));
        }
    }

    #[test]
    fn a_daemon_that_lived_again_has_its_back_off_forgotten() {
        let mut life = Life::new();
        for _ in 0..5 {
            life.lives(ms(5));
        }
        assert_eq!(life.lives(ms(2_000)), warm());
        assert_eq!(life.lives(ms(5)), cold(AT_ONCE));
        assert_eq!(life.lives(ms(5)), cold(ms(100)));
    }

    #[test]
    fn the_eleventh_death_within_a_minute_ends_in_maintenance() {
        let mut life = Life::new();
        for death in 1..=10 {
            assert_ne!(life.lives(ms(5)), Decision::Maintenance, "death {death}");
        }
        assert_eq!(life.lives(ms(5)), Decision::Maintenance);
    }

    #[test]
    fn slow_deaths_count_towards_maintenance_too() {
        let mut life = Life::new();
        for _ in 0..10 {
            assert_eq!(life.lives(ms(5_900)), warm());
        }
        assert_eq!(life.lives(ms(5_900)), Decision::Maintenance);
    }

    #[test]
    fn ten_deaths_a_minute_are_borne_for_ever() {
        let mut life = Life::new();
        for _ in 0..1_000 {
            assert_eq!(life.lives(ms(6_001)), warm());
        }
    }

    #[test]
    fn who_asks_to_be_started_anew_has_not_died_but_may_ask_ten_times_a_minute() {
        let mut history = History::default();
        for n in 0..10 {
            assert!(history.asked(ms(n)), "{n}");
        }
        assert!(!history.asked(ms(10)));
        assert!(!history.asked(ms(60_000)));
        assert!(history.asked(ms(130_000)));
        assert_eq!(history.died(ms(0), ms(130_000)), warm());
    }
}
