//! One line for each event on standard error, and no more than peers may cause.

use vrrp::Event;
use wire::{Duration, Instant};

/// Lines that peers may cause in one period.
const LINES: u32 = 50;
/// The period.
const PERIOD: Duration = Duration::from_secs(10);

/// The log of all virtual routers.
#[derive(Debug, Default)]
pub struct Journal {
    period: Option<Instant>,
    lines: u32,
    lost: u64,
}

impl Journal {
    /// Logs an event of the virtual router of this name, unless peers have had their share.
    pub fn note(&mut self, name: &str, event: &Event, now: Instant) {
        if let Some(line) = self.line(name, event, now) {
            eprintln!("{line}");
        }
    }

    /// Says how many events did not come through, when there are more of them.
    pub fn lost(&mut self, lost: u64) {
        if lost != self.lost {
            eprintln!("vrrpd: {} events were not logged", lost - self.lost);
            self.lost = lost;
        }
    }

    fn line(&mut self, name: &str, event: &Event, now: Instant) -> Option<String> {
        if self.period.is_none_or(|start| now.since(start) >= PERIOD) {
            self.period = Some(now);
            self.lines = 0;
        }
        if !event.is_peer_driven() {
            return Some(format!("{name}: {event}"));
        }
        self.lines = self.lines.saturating_add(1);
        match self.lines {
            1..=LINES => Some(format!("{name}: {event}")),
            lines if lines == LINES + 1 => {
                Some("vrrpd: more events of peers are not shown for a while".to_owned())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use vrrp::Reason;
    use vrrp::State::{Active, Backup};

    use super::*;

    #[test]
    fn a_line_names_the_virtual_router_and_the_event() {
        let event = Event::Transition {
            from: Backup,
            to: Active,
            reason: Reason::ActiveDownTimer,
        };
        let line = Journal::default().line("inside", &event, Instant::from_nanos(0));
        let line = line.expect("a line");
        assert!(line.starts_with("inside: Backup to Active"), "{line}");
    }

    #[test]
    fn peers_cause_so_many_lines_in_a_period_and_then_silence_but_our_own_events_stay() {
        let mut journal = Journal::default();
        let now = Instant::from_nanos(0);
        let event = Event::AddressesDiffer {
            source: "192.0.2.1".parse().expect("an address"),
        };
        let lines = (0..1_000).filter_map(|_| journal.line("inside", &event, now));
        assert_eq!(lines.count(), 51);
        assert!(journal.line("inside", &Event::Withheld, now).is_some());
        assert!(journal.line("inside", &event, now + PERIOD).is_some());
    }
}
