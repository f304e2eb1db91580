//! One line for each event on standard error, and no more than a peer may cause.

use std::fmt::Display;

use bond::{Config, Event};
use wire::{Duration, Instant};

/// Lines that a peer may cause in one period.
const LINES: u32 = 50;
/// The period.
const PERIOD: Duration = Duration::from_secs(10);

/// A bond's log.
#[derive(Debug)]
pub struct Journal {
    bond: String,
    members: Vec<String>,
    period: Option<Instant>,
    lines: u32,
}

impl Journal {
    /// The log of this bond.
    pub fn new(config: &Config) -> Self {
        Self {
            bond: config.name.clone(),
            members: names(config),
            period: None,
            lines: 0,
        }
    }

    /// The bond has these members from here on.
    pub fn set_members(&mut self, config: &Config) {
        self.members = names(config);
        eprintln!("{}: members {}", self.bond, self.members.join(", "));
    }

    /// Logs an event, unless its peer has had its share.
    pub fn note(&mut self, event: Event, now: Instant) {
        if let Some(line) = self.line(event, now) {
            eprintln!("{line}");
        }
    }

    /// Logs what happened to a member's micro-BFD, unless its peer has had its share.
    pub fn note_path(&mut self, member: usize, event: bfd::Event, now: Instant) {
        let line = self.share(Some(member), true, &format_args!("micro-BFD {event}"), now);
        if let Some(line) = line {
            eprintln!("{line}");
        }
    }

    fn line(&mut self, event: Event, now: Instant) -> Option<String> {
        self.share(event.member(), event.is_peer_driven(), &event, now)
    }

    /// The line, or what stands for it and those after it.
    fn share(
        &mut self,
        member: Option<usize>,
        is_peer_driven: bool,
        event: &dyn Display,
        now: Instant,
    ) -> Option<String> {
        if self.period.is_none_or(|start| now.since(start) >= PERIOD) {
            self.period = Some(now);
            self.lines = 0;
        }
        if is_peer_driven {
            self.lines = self.lines.saturating_add(1);
        }
        let member = member.and_then(|i| self.members.get(i));
        let subject = member.map_or(self.bond.clone(), |name| format!("{} {name}", self.bond));
        match self.lines {
            lines if lines <= LINES || !is_peer_driven => Some(format!("{subject}: {event}")),
            lines if lines == LINES + 1 => Some(format!(
                "{}: more events of its peers are not shown for a while",
                self.bond
            )),
            _ => None,
        }
    }
}

fn names(config: &Config) -> Vec<String> {
    let members = config.members.iter();
    members.map(|member| member.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use bond::Mode;

    use super::*;

    fn journal() -> Journal {
        Journal::new(&Config::new("bond0", Mode::Ieee8023ad, &["eth1", "eth2"]))
    }

    #[test]
    fn a_line_names_bond_member_and_event() {
        let now = Instant::from_nanos(0);
        let event = Event::Carrier {
            member: 1,
            carrier: false,
        };
        assert_eq!(
            journal().line(event, now).as_deref(),
            Some("bond0 eth2: no carrier")
        );
        let event = Event::BondCarrier { carrier: true };
        assert_eq!(
            journal().line(event, now).as_deref(),
            Some("bond0: bond up")
        );
    }

    #[test]
    fn a_peer_causes_so_many_lines_in_a_period_and_then_silence_but_our_own_events_stay() {
        let mut journal = journal();
        let now = Instant::from_nanos(0);
        let event = Event::Illegal { member: 0 };
        let lines = (0..1_000).filter_map(|_| journal.line(event, now)).count();
        assert_eq!(lines, 51);
        let own = Event::Carrier {
            member: 0,
            carrier: true,
        };
        assert!(journal.line(own, now).is_some());
        assert!(journal.line(event, now + PERIOD).is_some());
    }
}
