//! Intervals: what is said, what is used, and when silence counts (RFC 5880 6.8.2 to 6.8.4, 6.8.7).

use serde::{Deserialize, Serialize};
use wire::Duration;
use wire::bfd::State;

use crate::Config;

/// The least that a session that is not Up may say of its sending (6.8.3).
pub const SLOW: Duration = Duration::from_secs(1);
/// The least that is configured: below it, time would be spent on nothing else.
const LEAST: Duration = Duration::from_millis(1);
/// A Detection Time that is looked at this much after it was over was not looked at on time.
pub(crate) const ON_TIME: Duration = Duration::from_millis(10);
/// How long the packets that came meanwhile may take until they are heard.
pub(crate) const HEARING: Duration = Duration::from_millis(20);

/// One end's intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intervals {
    /// Desired Min TX Interval.
    pub min_tx: Duration,
    /// Required Min RX Interval.
    pub min_rx: Duration,
}

impl Intervals {
    /// What a session in this state wants (6.8.3).
    #[must_use]
    pub fn wanted(config: &Config, state: State) -> Self {
        let least = match state {
            State::Up => LEAST,
            State::AdminDown | State::Down | State::Init => SLOW,
        };
        Self {
            min_tx: config.min_tx.max(least),
            min_rx: config.min_rx.max(LEAST),
        }
    }

    /// What is used from now on, when `said` is what the peer was told last: while Up the peer must
    /// have confirmed a slower sending, and a faster receiving, before they count (6.8.3).
    #[must_use]
    pub fn until_confirmed(self, said: Self, state: State) -> Self {
        match state {
            State::Up => Self {
                min_tx: self.min_tx.min(said.min_tx),
                min_rx: self.min_rx.max(said.min_rx),
            },
            State::AdminDown | State::Down | State::Init => said,
        }
    }
}

/// The interval of periodic packets before jitter; None: the peer wants none (6.8.7).
#[must_use]
pub fn transmit_interval(min_tx: Duration, remote_min_rx: Duration) -> Option<Duration> {
    (remote_min_rx != Duration::ZERO).then(|| min_tx.max(remote_min_rx))
}

/// How long silence may last (6.8.4, asynchronous mode).
#[must_use]
pub fn detection_time(detect_mult: u8, min_rx: Duration, remote_min_tx: Duration) -> Duration {
    min_rx.max(remote_min_tx).times(detect_mult.into())
}

/// A span as the wire has it; what is too long is the longest.
pub(crate) fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_nanos() / 1_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const fn both(min_tx: u64, min_rx: u64) -> Intervals {
        Intervals {
            min_tx: ms(min_tx),
            min_rx: ms(min_rx),
        }
    }

    #[test]
    fn a_session_that_is_not_up_wants_to_send_once_a_second_at_most() {
        let config = Config::default();
        assert_eq!(Intervals::wanted(&config, State::Up), both(50, 50));
        for state in [State::AdminDown, State::Down, State::Init] {
            assert_eq!(Intervals::wanted(&config, state), both(1_000, 50));
            let slower = Config {
                min_tx: ms(3_000),
                ..config
            };
            assert_eq!(Intervals::wanted(&slower, state), both(3_000, 50));
        }
    }

    #[test]
    fn while_up_slower_sending_and_faster_receiving_wait_and_the_rest_does_not() {
        let used = both(50, 50);
        let next = |said| used.until_confirmed(said, State::Up);
        assert_eq!(next(both(100, 20)), used);
        assert_eq!(next(both(20, 100)), both(20, 100));
        assert_eq!(
            used.until_confirmed(both(100, 20), State::Init),
            both(100, 20)
        );
    }

    #[test]
    fn the_slower_of_the_two_sides_sets_the_interval_and_0_stops_it() {
        assert_eq!(transmit_interval(ms(50), ms(100)), Some(ms(100)));
        assert_eq!(transmit_interval(ms(50), ms(20)), Some(ms(50)));
        assert_eq!(transmit_interval(ms(50), ms(0)), None);
        assert_eq!(detection_time(3, ms(50), ms(20)), ms(150));
        assert_eq!(detection_time(5, ms(50), ms(100)), ms(500));
    }

    #[test]
    fn spans_are_microseconds_on_the_wire() {
        assert_eq!(micros(ms(50)), 50_000);
        assert_eq!(micros(Duration::from_secs(10_000)), u32::MAX);
    }
}
