//! Whether a daemon's main loop still turns: it says how often it has, and somebody looks once a second.
//!
//! Looks are counted, not time: a supervisor that was held up itself looks once when it goes on, and takes
//! nobody for hung because of that.

/// A main loop that stands still for so many looks hangs.
pub const LOOKS: u32 = 10;

/// What is known of one daemon's main loop.
#[derive(Debug, Default)]
pub struct Laps {
    last: u64,
    still: u32,
}

impl Laps {
    /// It has come around so often.
    pub fn heard(&mut self, laps: u64) {
        if laps != self.last {
            self.last = laps;
            self.still = 0;
        }
    }

    /// A look; true when it hangs. One that never came around does not: not every daemon counts.
    pub fn look(&mut self) -> bool {
        if self.last == 0 {
            return false;
        }
        self.still = self.still.saturating_add(1);
        self.still >= LOOKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_turned_and_then_stands_still_for_ten_looks_hangs() {
        let mut laps = Laps::default();
        laps.heard(7);
        for look in 1..LOOKS {
            assert!(!laps.look(), "look {look}");
            laps.heard(7);
        }
        assert!(laps.look());
    }

    #[test]
    fn a_loop_that_turns_now_and_then_does_not_hang() {
        let mut laps = Laps::default();
        for lap in 1..100 {
            laps.heard(lap);
            for _ in 1..LOOKS {
                assert!(!laps.look(), "lap {lap}");
            }
        }
    }

    #[test]
    fn a_daemon_that_does_not_count_never_hangs() {
        let mut laps = Laps::default();
        for _ in 0..100 {
            laps.heard(0);
            assert!(!laps.look());
        }
    }
}
