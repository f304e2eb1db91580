//! Log lines that a peer can provoke: one a second, with the number of those left out.

use wire::{Duration, Instant};

/// From one line to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// Says when a complaint may be logged.
#[derive(Debug, Default)]
pub struct Complaints {
    next: Instant,
    unsaid: u64,
}

impl Complaints {
    /// How many were left out since the last line, if one may be logged now.
    pub fn admit(&mut self, now: Instant) -> Option<u64> {
        if now < self.next {
            self.unsaid += 1;
            return None;
        }
        self.next = now + PAUSE;
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_says_how_many_were_left_out() {
        let mut complaints = Complaints::default();
        let at = |millis| Instant::from_nanos(5_000_000_000) + Duration::from_millis(millis);
        assert_eq!(complaints.admit(at(0)), Some(0));
        assert_eq!(complaints.admit(at(1)), None);
        assert_eq!(complaints.admit(at(999)), None);
        assert_eq!(complaints.admit(at(1_000)), Some(2));
        assert_eq!(complaints.admit(at(2_000)), Some(0));
    }
}
