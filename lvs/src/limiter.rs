//! A token bucket for packets of our own making.

use wire::{Duration, Instant};

/// Errors and resets that one worker may send in a second.
pub const RATE: u64 = 10_000;
/// How many of them may go at once.
pub const BURST: u64 = 1_000;

const INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / RATE);

/// Kept as the point in time at which the bucket will be full again.
#[derive(Debug, Default)]
pub struct Limiter {
    full_at: Instant,
}

impl Limiter {
    /// Whether one more may go now.
    pub fn admit(&mut self, now: Instant) -> bool {
        if self.full_at < now {
            self.full_at = now;
        }
        let next = self.full_at + INTERVAL;
        let admitted = next.since(now) <= INTERVAL.times(BURST);
        if admitted {
            self.full_at = next;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_a_burst_then_the_rate_and_no_more() {
        let mut limiter = Limiter::default();
        let mut now = Instant::from_nanos(1_000_000_000_000);
        let burst = (0..5_000).filter(|_| limiter.admit(now)).count();
        assert_eq!(burst as u64, BURST);
        now += Duration::from_millis(10);
        let later = (0..5_000).filter(|_| limiter.admit(now)).count();
        assert_eq!(later as u64, RATE / 100);
    }
}
