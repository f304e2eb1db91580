//! Jitter: up to 25 % less, drawn anew for each packet (RFC 5880 6.8.7).

use wire::Duration;

/// The least share of an interval, in thousandths.
const LEAST: u64 = 750;
/// The greatest share.
const MOST: u64 = 1_000;
/// The greatest share when one missed packet is a failure.
const MOST_OF_ONE: u64 = 900;

/// Draws shares by xorshift64*: against synchronization, not against guessing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    /// A sequence of shares; sequences of different seeds differ.
    pub(crate) const fn new(seed: u64) -> Self {
        // Zero is the one state that never moves.
        Self(if seed == 0 {
            0x9e37_79b9_7f4a_7c15
        } else {
            seed
        })
    }

    /// The next share of an interval, in thousandths.
    pub(crate) const fn draw(&mut self, multiplier: u8) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let most = if multiplier <= 1 { MOST_OF_ONE } else { MOST };
        let word = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        LEAST + word % (most - LEAST + 1)
    }
}

/// A share of an interval.
pub(crate) const fn share(interval: Duration, thousandths: u64) -> Duration {
    Duration::from_nanos(interval.as_nanos() / 1_000 * thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(multiplier: u8) -> (u64, u64) {
        let mut jitter = Jitter::new(0);
        let draws = (0..100_000).map(|_| jitter.draw(multiplier));
        draws.fold((u64::MAX, 0), |(a, b), draw| (a.min(draw), b.max(draw)))
    }

    #[test]
    fn shares_are_75_to_100_percent_and_90_at_most_with_a_multiplier_of_1() {
        assert_eq!(ends(3), (750, 1_000));
        assert_eq!(ends(1), (750, 900));
        assert_eq!(ends(0), (750, 900));
    }

    #[test]
    fn two_seeds_are_two_sequences() {
        let draws = |seed| {
            let mut jitter = Jitter::new(seed);
            [(); 8].map(|()| jitter.draw(3))
        };
        assert_ne!(draws(1), draws(2));
        assert_eq!(draws(1), draws(1));
    }

    #[test]
    fn a_share_is_of_its_interval() {
        let interval = Duration::from_millis(50);
        assert_eq!(share(interval, 750), Duration::from_micros(37_500));
    }
}
