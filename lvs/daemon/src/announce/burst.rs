//! The same thing said several times, with time between.

use wire::{Duration, Instant};

/// What is left of a burst.
#[derive(Clone, Copy, Debug, Default)]
pub struct Burst {
    left: u32,
    due: Instant,
    every: Duration,
}

impl Burst {
    /// So many times, the first at once.
    #[must_use]
    pub const fn new(count: u32, every: Duration, now: Instant) -> Self {
        Self {
            left: count,
            due: now,
            every,
        }
    }

    /// Whether it is time, which is then taken.
    pub fn take(&mut self, now: Instant) -> bool {
        if self.left == 0 || now < self.due {
            return false;
        }
        self.left -= 1;
        self.due = now + self.every;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_comes_at_once_and_then_as_often_as_it_was_asked_for_and_no_more() {
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let mut burst = Burst::new(3, Duration::from_millis(100), at(50));
        let taken: Vec<u64> = (0..1_000).filter(|ms| burst.take(at(*ms))).collect();
        assert_eq!(taken, [50, 150, 250]);
        assert!(!Burst::default().take(at(1_000)), "none was asked for");
    }
}
