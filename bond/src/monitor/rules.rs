//! Who is given up, and who is back.

use wire::Instant;

use super::window::counts;
use super::{Discipline, Monitor, Path};
use crate::ArpAllTargets;

/// For how many intervals a member that came up, or became active, is not judged.
const GRACE: u64 = 2;

impl Monitor {
    /// Whether somebody answers by this member now.
    pub(super) fn verdict(&self, i: usize, now: Instant) -> bool {
        let Some(path) = self.paths.get(i) else {
            return false;
        };
        let heard = self.last_heard(i, path);
        let was_heard = |periods| counts(now, heard, periods, self.interval);
        let was_sent = |periods| counts(now, path.sent, periods, self.interval);
        let is_new = counts(now, Some(path.since), GRACE, self.interval);
        match (self.discipline, path.is_up) {
            (Discipline::Active, false) => was_heard(1),
            (Discipline::Each, false) => was_heard(1) && was_sent(1),
            (Discipline::Active | Discipline::Each, true) if is_new => true,
            (Discipline::Active, true) if self.active == Some(i) => {
                was_heard(self.missed_max) && was_sent(self.missed_max)
            }
            // While one is asked by that is not active, nothing is to be heard by the others.
            (Discipline::Active, true) => self.probed.is_some() || was_heard(self.missed_max + 1),
            (Discipline::Each, true) => was_heard(self.missed_max) && was_sent(self.missed_max),
        }
    }

    /// When the member was last heard; with `arp_all_targets = all`, the target heard longest ago.
    pub(super) fn last_heard(&self, i: usize, path: &Path) -> Option<Instant> {
        if self.all_targets == ArpAllTargets::Any || !self.validates(i) {
            return path.heard;
        }
        let mut targets = path.targets.iter().take(self.targets.len());
        // None is earlier than any time: a target that was never heard.
        targets.try_fold(None, |oldest: Option<Instant>, heard| {
            let heard = (*heard)?;
            Some(Some(oldest.map_or(heard, |oldest| oldest.min(heard))))
        })?
    }
}
