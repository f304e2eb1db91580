//! Flap damping: a link that comes and goes too often is held from use for a while.
//!
//! Each loss of carrier costs points; points decay by half in each half-life. A member that reaches
//! `damping_suppress` is held until its points are below `damping_reuse`, and no longer than
//! `damping_max_hold` after its last loss. All in integers: time is counted in sixteenths of a
//! half-life, as RFC 2439 4.8.3 counts it in steps of a decay array.

use serde::{Deserialize, Serialize};
use wire::{Duration, Instant};

use crate::DampingConfig;

/// 2^(-n/16) in units of 2^-16.
const DECAY: [u64; 16] = [
    65_536, 62_757, 60_097, 57_549, 55_109, 52_772, 50_535, 48_393, 46_341, 44_376, 42_495, 40_693,
    38_968, 37_316, 35_734, 34_219,
];
const STEPS: u64 = 16;
/// Points are kept in thousandths, so that decay does not round them away.
const UNIT: u64 = 1_000;

/// What a member's losses of carrier have cost it so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Penalty {
    /// Thousandths of points, as they were at `since`.
    points: u64,
    since: Instant,
    flapped: Instant,
    /// Until when the member is held.
    until: Option<Instant>,
}

impl Penalty {
    /// Carrier was lost.
    pub fn flap(&mut self, config: &DampingConfig, now: Instant) {
        self.settle(config, now);
        // A bound: at the largest penalty and half-life a link may flap for ever.
        let most = u64::from(crate::config::damping::MOST_POINTS) * 1_000 * UNIT;
        self.points = (self.points + u64::from(config.damping_penalty) * UNIT).min(most);
        self.flapped = now;
        if self.until.is_some() || self.points >= u64::from(config.damping_suppress) * UNIT {
            self.until = Some(self.reuse(config, now));
        }
    }

    /// Whether the member is held now; one whose time has come is not held any longer.
    pub fn is_held(&mut self, config: &DampingConfig, now: Instant) -> bool {
        if self.until.is_some_and(|until| until <= now) {
            self.settle(config, now);
            self.until = None;
            // The longest hold may end before the points are few.
            let few = u64::from(config.damping_reuse) * UNIT;
            self.points = self.points.min(few.saturating_sub(1));
        }
        self.until.is_some()
    }

    /// Until when the member is held.
    #[must_use]
    pub const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// The points now, rounded down.
    #[must_use]
    pub fn points(&self, config: &DampingConfig, now: Instant) -> u32 {
        let points = decayed(self.points, steps(config, self.since, now));
        u32::try_from(points / UNIT).unwrap_or(u32::MAX)
    }

    /// Forgets what has decayed in whole steps.
    fn settle(&mut self, config: &DampingConfig, now: Instant) {
        let steps = steps(config, self.since, now);
        self.points = decayed(self.points, steps);
        self.since = if self.points == 0 {
            now
        } else {
            self.since + step(config).times(steps)
        };
    }

    /// When the points are below `damping_reuse`, or the longest hold is over.
    fn reuse(&self, config: &DampingConfig, now: Instant) -> Instant {
        let few = u64::from(config.damping_reuse) * UNIT;
        let latest = now + Duration::from_millis(config.damping_max_hold.into());
        // All points are gone after 64 half-lives.
        let steps = (0..64 * STEPS).find(|&steps| decayed(self.points, steps) < few);
        let decayed = steps.map_or(latest, |steps| self.since + step(config).times(steps));
        decayed.min(latest)
    }
}

/// A sixteenth of a half-life.
fn step(config: &DampingConfig) -> Duration {
    let half_life = Duration::from_millis(config.damping_half_life.into()).as_nanos();
    Duration::from_nanos((half_life / STEPS).max(1))
}

fn steps(config: &DampingConfig, since: Instant, now: Instant) -> u64 {
    now.since(since).as_nanos() / step(config).as_nanos()
}

fn decayed(points: u64, steps: u64) -> u64 {
    let part = usize::try_from(steps % STEPS).unwrap_or(0);
    let factor = DECAY.get(part).copied().unwrap_or(0);
    let halvings = u32::try_from(steps / STEPS).unwrap_or(u32::MAX);
    (points * factor / 65_536)
        .checked_shr(halvings)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Instant = Instant::from_nanos(1_000_000_000_000);

    fn at(ms: u64) -> Instant {
        T + Duration::from_millis(ms)
    }

    fn config() -> DampingConfig {
        DampingConfig {
            damping: true,
            ..DampingConfig::default()
        }
    }

    #[test]
    fn points_are_half_after_a_half_life_and_a_quarter_after_two() {
        let mut penalty = Penalty::default();
        penalty.flap(&config(), T);
        let points = [0, 2_500, 5_000, 10_000].map(|ms| penalty.points(&config(), at(ms)));
        assert_eq!(points, [1_000, 707, 500, 250]);
        assert_eq!(penalty.points(&config(), at(10_000_000)), 0);
    }

    #[test]
    fn the_second_loss_in_a_moment_holds_and_two_far_apart_do_not() {
        let mut penalty = Penalty::default();
        penalty.flap(&config(), T);
        assert!(!penalty.is_held(&config(), T));
        penalty.flap(&config(), T);
        assert!(penalty.is_held(&config(), T));
        let mut penalty = Penalty::default();
        penalty.flap(&config(), T);
        penalty.flap(&config(), at(1_000));
        assert!(!penalty.is_held(&config(), at(1_000)), "{penalty:?}");
    }

    #[test]
    fn a_hold_ends_when_the_points_are_below_reuse_and_not_before() {
        let mut penalty = Penalty::default();
        penalty.flap(&config(), T);
        penalty.flap(&config(), T);
        // 2000 points fall below 1000 one step after a half-life.
        let until = penalty.until().expect("held");
        assert_eq!(until, at(5_000) + step(&config()));
        let before = Instant::from_nanos(until.as_nanos() - 1);
        assert!(penalty.is_held(&config(), before));
        assert!(!penalty.is_held(&config(), until));
        assert!(penalty.points(&config(), until) < 1_000);
    }

    #[test]
    fn no_hold_is_longer_than_its_most_after_the_last_loss() {
        let mut penalty = Penalty::default();
        for ms in 0..1_000 {
            penalty.flap(&config(), at(ms * 10));
        }
        assert_eq!(penalty.until(), Some(at(9_990 + 20_000)));
        assert!(!penalty.is_held(&config(), at(29_990)));
        assert_eq!(penalty.points(&config(), at(29_990)), 999);
        penalty.flap(&config(), at(29_990));
        assert!(
            !penalty.is_held(&config(), at(29_990)),
            "one more is not too much"
        );
    }
}
