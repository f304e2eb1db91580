//! One line for each event on standard error, and no more than servers may cause.

use std::io;

use health::{Event, TargetConfig};
use wire::{Duration, Instant};

/// Lines of one kind in one period.
const LINES: u32 = 50;
/// The period.
const PERIOD: Duration = Duration::from_secs(10);
/// Probes that begin so much late are worth a line.
const LATE: Duration = Duration::from_secs(1);

/// The daemon's log. Services have a share of their own, so that many reals do not drown them.
#[derive(Debug)]
pub struct Journal {
    reals: Share,
    pools: Share,
    faults: Share,
}

/// Lines of one kind.
#[derive(Debug)]
struct Share {
    kind: &'static str,
    most: u32,
    period: Option<Instant>,
    lines: u32,
}

impl Share {
    const fn new(kind: &'static str, most: u32) -> Self {
        Self {
            kind,
            most,
            period: None,
            lines: 0,
        }
    }

    /// The line, or in place of the first one too many a word that there are more.
    fn line(&mut self, now: Instant, line: impl FnOnce() -> String) -> Option<String> {
        if self.period.is_none_or(|start| now.since(start) >= PERIOD) {
            self.period = Some(now);
            self.lines = 0;
        }
        self.lines = self.lines.saturating_add(1);
        if self.lines <= self.most {
            Some(line())
        } else if self.lines == self.most + 1 {
            Some(format!("more {} are not shown for a while", self.kind))
        } else {
            None
        }
    }
}

impl Journal {
    pub const fn new() -> Self {
        Self {
            reals: Share::new("verdicts of reals", LINES),
            pools: Share::new("verdicts of services", LINES),
            faults: Share::new("faults of healthd", 5),
        }
    }

    /// Logs an event.
    pub fn note(&mut self, event: &Event, now: Instant) {
        say(self.line(event, now));
    }

    fn line(&mut self, event: &Event, now: Instant) -> Option<String> {
        let share = match event {
            Event::Verdict { .. } => &mut self.reals,
            Event::Pool { .. } => &mut self.pools,
        };
        share.line(now, || event.to_string())
    }

    /// Logs that a probe could not be made.
    pub fn unmade(&mut self, target: &TargetConfig, error: &io::Error, now: Instant) {
        let TargetConfig { service, real, .. } = target;
        say(self.faults.line(now, || {
            format!("service {service} real {real}: the probe could not be made: {error}")
        }));
    }

    /// Logs that probes begin late, when it is much.
    pub fn late(&mut self, late: Duration, under_way: usize, now: Instant) {
        if late >= LATE {
            say(self.faults.line(now, || {
                format!("probes begin {late} late, {under_way} are under way")
            }));
        }
    }
}

fn say(line: Option<String>) {
    if let Some(line) = line {
        eprintln!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(alive: bool) -> Event {
        Event::Pool {
            service: "web".into(),
            alive,
        }
    }

    #[test]
    fn servers_cause_so_many_lines_in_a_period_and_then_silence() {
        let mut journal = Journal::new();
        let now = Instant::from_nanos(0);
        let lines = (0..1_000).filter_map(|_| journal.line(&pool(false), now));
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), 51);
        assert_eq!(lines[0], "service web: no real is up");
        assert_eq!(
            lines[50],
            "more verdicts of services are not shown for a while"
        );
        assert!(journal.line(&pool(true), now + PERIOD).is_some());
    }

    #[test]
    fn many_reals_do_not_drown_a_service() {
        let mut journal = Journal::new();
        let now = Instant::from_nanos(0);
        for _ in 0..1_000 {
            journal.reals.line(now, String::new);
        }
        assert!(journal.line(&pool(false), now).is_some());
    }
}
