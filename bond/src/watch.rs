//! What keeps a member from use although it has carrier: the monitor's verdicts, and damping.

use alloc::boxed::Box;

use wire::Instant;

use crate::member::Hold;
use crate::monitor::{Heard, Monitor, View};
use crate::{Bond, Event};

impl Bond {
    /// Takes the monitor's options up, and the MAC that it asks in the name of.
    pub(crate) fn set_monitor(&mut self, now: Instant) {
        let next = Monitor::new(&self.config, self.mac, now);
        self.monitor = match (self.monitor.take(), next) {
            (Some(monitor), Some(next)) if monitor.is_like(&next) => Some(monitor),
            (Some(monitor), Some(_)) => {
                let next = monitor.continued(&self.config, self.mac, now);
                next.map(Box::new)
            }
            (_, next) => next.map(Box::new),
        };
    }

    /// Goes on with the verdicts that a predecessor's members bear.
    pub(crate) fn resume_monitor(&mut self) {
        if let Some(monitor) = &mut self.monitor {
            for (i, member) in self.members.iter().enumerate() {
                monitor.resume(i, !member.is_held_by(Hold::Silent));
            }
        }
    }

    /// A member's carrier is another than before.
    pub(crate) fn note_carrier(&mut self, i: usize, carrier: bool, now: Instant) {
        if let Some(monitor) = &mut self.monitor {
            monitor.link(i, carrier, now);
        }
        if let Some(member) = self.members.get_mut(i)
            && self.config.damping.damping
            && !carrier
        {
            member.penalty.flap(&self.config.damping, now);
        }
    }

    pub(crate) fn heard(&mut self, i: usize, heard: Heard, at: Instant, now: Instant) {
        if let Some(monitor) = &mut self.monitor {
            monitor.hear(i, heard, at, now);
        }
    }

    /// Lets the monitor judge, when an interval begins; whether one does.
    pub(crate) fn judge(&mut self, now: Instant) -> bool {
        let view = self.view();
        let Some(monitor) = self.monitor.as_mut().filter(|m| m.poll_timeout() <= now) else {
            return false;
        };
        monitor.judge(now, &view);
        true
    }

    /// Sends the interval's probes.
    pub(crate) fn probe(&mut self, now: Instant) {
        let view = self.view();
        if let Some(monitor) = &mut self.monitor {
            monitor.probe(now, &view, &mut self.outbox);
        }
    }

    /// Lets the verdicts have effect.
    pub(crate) fn hold(&mut self, now: Instant) {
        let delays = self.delays();
        let damping = self.config.damping;
        for (i, member) in self.members.iter_mut().enumerate() {
            let silent = self.monitor.as_ref().is_some_and(|m| !m.is_up(i));
            let damped = damping.damping && member.penalty.is_held(&damping, now);
            let is_new = [
                member.hold(Hold::Silent, silent),
                member.hold(Hold::Damped, damped),
            ];
            if is_new == [false; 2] {
                continue;
            }
            member.observe(delays, now);
            // What has no carrier is silent; nobody need be told.
            if is_new[0] && member.interface.carrier {
                let heard = !silent;
                self.outbox.event(Event::Heard { member: i, heard });
            }
            if is_new[1] {
                self.outbox.event(Event::Damped { member: i, damped });
            }
        }
    }

    /// Of how many targets the monitor wants to hear; None: there is none, and it wants nothing.
    #[must_use]
    pub fn listens(&self) -> Option<usize> {
        self.monitor.as_ref().map(|_| self.table.targets.len())
    }

    /// When the monitor or damping has something due.
    pub(crate) fn watch_timeout(&self) -> Option<Instant> {
        let monitor = self.monitor.as_ref().map(|m| m.poll_timeout());
        let holds = self.members.iter().filter_map(|m| m.penalty.until());
        let holds = holds.filter(|_| self.config.damping.damping).min();
        monitor.into_iter().chain(holds).min()
    }

    fn view(&self) -> View {
        let is_open = |member: &crate::member::Member| {
            let is_held = member.is_held_by(Hold::Path) || member.is_held_by(Hold::Damped);
            member.interface.carrier && !is_held
        };
        View {
            active: self.active(),
            open: self.members.iter().map(is_open).collect(),
            stations: (0..self.members.len()).map(|i| self.station(i)).collect(),
        }
    }
}
