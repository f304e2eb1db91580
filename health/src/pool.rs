//! A service's reals together.

use crate::Verdict;

/// The reals of one service by their verdicts, and what they say together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pool {
    unknown: u32,
    up: u32,
    down: u32,
    /// What was last found; it stands while the verdicts are not enough to find anything.
    pub(crate) alive: Option<bool>,
}

impl Pool {
    /// The same finding, and no reals.
    pub(crate) const fn emptied(self) -> Self {
        Self {
            unknown: 0,
            up: 0,
            down: 0,
            alive: self.alive,
        }
    }

    pub(crate) const fn add(&mut self, verdict: Verdict) {
        let count = self.count(verdict);
        *count = count.saturating_add(1);
    }

    pub(crate) const fn turn(&mut self, from: Verdict, to: Verdict) {
        let count = self.count(from);
        *count = count.saturating_sub(1);
        self.add(to);
    }

    const fn count(&mut self, verdict: Verdict) -> &mut u32 {
        match verdict {
            Verdict::Unknown => &mut self.unknown,
            Verdict::Up => &mut self.up,
            Verdict::Down => &mut self.down,
        }
    }

    /// Whether a real is up; None: none is known to be, but not each is known to be down.
    const fn find(&self) -> Option<bool> {
        match (self.up, self.unknown) {
            (1.., _) => Some(true),
            (0, 1..) => None,
            (0, 0) if self.down > 0 => Some(false),
            (0, 0) => None,
        }
    }

    /// What was found, when it is not what was found before.
    pub(crate) fn news(&mut self) -> Option<bool> {
        let found = self.find()?;
        (self.alive.replace(found) != Some(found)).then_some(found)
    }
}
