//! Which frames prove something: `arp_validate`.
//!
//! A member that carries traffic has to hear answers of a target. A backup hears no answers, but the
//! switch sends it our own broadcast probes, which count as long as the active member is answered:
//! a probe alone would prove a path to a switch that leads nowhere. Without an active member, an
//! answer counts by whichever member it comes, shortly after a probe.

use wire::Instant;

use super::window::counts;
use super::{Discipline, Heard, Kind, Monitor};

impl Monitor {
    /// A member received something at `at`.
    pub fn hear(&mut self, i: usize, heard: Heard, at: Instant, now: Instant) {
        let counts = match heard {
            Heard::Frame => !self.validates(i) && !self.validate.filters(),
            Heard::Neighbour => !self.validates(i) && self.validate.filters(),
            Heard::Target { kind, .. } => self.validates(i) && self.trusts(i, kind, now),
        };
        let Some(path) = self.paths.get_mut(i).filter(|_| counts) else {
            return;
        };
        path.heard = path.heard.max(Some(at));
        if let Heard::Target { target, .. } = heard
            && let Some(target) = path.targets.get_mut(target)
        {
            *target = (*target).max(Some(at));
        }
    }

    /// Whether frames on this member must be valid.
    pub(super) fn validates(&self, i: usize) -> bool {
        if self.is_working(i) {
            self.validate.validates_active()
        } else {
            self.validate.validates_backup()
        }
    }

    /// Whether the member is one that answers come by.
    fn is_working(&self, i: usize) -> bool {
        match self.discipline {
            Discipline::Active => self.active == Some(i) || self.probed == Some(i),
            Discipline::Each => true,
        }
    }

    fn trusts(&self, i: usize, kind: Kind, now: Instant) -> bool {
        if self.is_working(i) {
            return matches!(kind, Kind::Reply | Kind::Request);
        }
        if let Some((i, active)) = self.active.and_then(|i| Some((i, self.paths.get(i)?)))
            && self.last_heard(i, active) > Some(active.since)
        {
            return kind == Kind::Own;
        }
        let sent = self.probed.and_then(|i| self.paths.get(i)?.sent);
        kind == Kind::Reply && counts(now, sent, 1, self.interval)
    }
}
