//! What is wrong with a cable, one way.

use serde::{Deserialize, Serialize};
use wire::{Duration, Instant};

use super::counters::Reason;

/// Which frames a cable loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Every Nth, the first after N - 1 that pass.
    Every(u32),
    /// As many of a thousand, at random, the same ones for the same seed.
    Random {
        /// How many of a thousand.
        per_mille: u64,
        /// Where the random numbers begin.
        seed: u64,
    },
}

/// What is wrong with a cable, one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Frames vanish.
    pub cut: bool,
    /// Frames arrive so much later, in milliseconds.
    pub delay_ms: u64,
    /// Some frames vanish.
    pub loss: Option<Loss>,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives at once.
    Arrives,
    /// It arrives then.
    Later(Instant),
    /// It vanishes.
    Gone(Reason),
}

/// A cable, one way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    fault: Fault,
    passed: u32,
    random: u64,
    last: Option<Instant>,
}

impl Line {
    /// What is wrong with it.
    pub const fn fault(&self) -> Fault {
        self.fault
    }

    /// Frames vanish from now on, also those that are on their way; or do no longer.
    pub const fn cut(&mut self, cut: bool) {
        self.fault.cut = cut;
    }

    /// Frames that come from now on arrive so much later.
    pub const fn delay(&mut self, milliseconds: u64) {
        self.fault.delay_ms = milliseconds;
    }

    /// Loses frames from now on.
    pub const fn lose(&mut self, loss: Option<Loss>) {
        self.fault.loss = loss;
        self.passed = 0;
        if let Some(Loss::Random { seed, .. }) = loss {
            self.random = seed;
        }
    }

    /// What becomes of the next frame.
    pub fn carry(&mut self, now: Instant) -> Fate {
        if self.fault.cut {
            return Fate::Gone(Reason::Cut);
        }
        if self.loses() {
            return Fate::Gone(Reason::Lost);
        }
        // A cable keeps the order, also when its delay shrinks.
        let due = now + Duration::from_millis(self.fault.delay_ms);
        let due = self.last.map_or(due, |last| due.max(last));
        if due <= now {
            self.last = None;
            return Fate::Arrives;
        }
        self.last = Some(due);
        Fate::Later(due)
    }

    fn loses(&mut self) -> bool {
        match self.fault.loss {
            None => false,
            Some(Loss::Every(nth)) => {
                self.passed += 1;
                let is_lost = self.passed >= nth;
                if is_lost {
                    self.passed = 0;
                }
                is_lost
            }
            Some(Loss::Random { per_mille, .. }) => self.draw() % 1000 < per_mille,
        }
    }

    /// SplitMix64.
    const fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Instant {
        Instant::from_nanos(milliseconds * 1_000_000)
    }

    fn lost(line: &mut Line, frames: u32) -> Vec<bool> {
        (0..frames)
            .map(|_| line.carry(at(0)) == Fate::Gone(Reason::Lost))
            .collect()
    }

    #[test]
    fn a_whole_cable_carries_everything_at_once() {
        let mut line = Line::default();
        assert!((0..100).all(|_| line.carry(at(1)) == Fate::Arrives));
    }

    #[test]
    fn every_third_frame_is_lost_and_no_other() {
        let mut line = Line::default();
        line.lose(Some(Loss::Every(3)));
        let third = [false, false, true];
        assert_eq!(lost(&mut line, 6), [third, third].concat());
        line.lose(None);
        assert_eq!(lost(&mut line, 3), [false; 3]);
    }

    #[test]
    fn a_random_loss_is_near_its_ratio_and_the_same_for_the_same_seed() {
        let of_seed = |seed| {
            let mut line = Line::default();
            line.lose(Some(Loss::Random {
                per_mille: 100,
                seed,
            }));
            lost(&mut line, 10_000)
        };
        let first = of_seed(7);
        let count = first.iter().filter(|lost| **lost).count();
        assert!((900..1_100).contains(&count), "{count}");
        assert_eq!(first, of_seed(7));
        assert_ne!(first, of_seed(8));
    }

    #[test]
    fn a_shrinking_delay_does_not_let_frames_overtake() {
        let mut line = Line::default();
        line.delay(100);
        assert_eq!(line.carry(at(0)), Fate::Later(at(100)));
        line.delay(10);
        assert_eq!(line.carry(at(1)), Fate::Later(at(100)));
        line.delay(0);
        assert_eq!(line.carry(at(99)), Fate::Later(at(100)));
        assert_eq!(line.carry(at(100)), Fate::Arrives);
    }
}
