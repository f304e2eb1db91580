//! A foreign program's lines, repeated on our standard error.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::time::Instant;

/// Lines that a program may write in one period: strangers cause some of them.
const LINES: u32 = 50;
/// The period.
const PERIOD: Duration = Duration::from_secs(10);
/// Beginnings of lines that are not worth repeating: dropbear looks for files in which other systems note
/// who was there when.
const IDLE: [&str; 2] = ["lastlog_", "syslogin_"];
/// Characters of a line.
const LENGTH: usize = 400;

/// What a program puts before the words of its lines: not worth repeating, since the time is told anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// `[4711] Nov 21 10:00:00 `, as dropbear.
    ProcessAndDate,
    /// `2026-11-21T10:00:00Z `, as chronyd.
    Timestamp,
}

impl Prefix {
    fn strip(self, line: &str) -> &str {
        let words = match self {
            Self::ProcessAndDate => line.split_once("] ").and_then(|(_, rest)| rest.get(16..)),
            Self::Timestamp => line.split_once("Z ").map(|(_, words)| words),
        };
        words.unwrap_or(line)
    }
}

/// Repeats lines until the last writer is gone.
pub(super) async fn repeat(name: &'static str, from: impl AsyncRead + Unpin, prefix: Prefix) {
    let mut lines = BufReader::new(from).split(b'\n');
    let mut share = Share::default();
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        let words = prefix.strip(line.trim());
        if IDLE.iter().any(|idle| words.starts_with(idle)) {
            continue;
        }
        let line = harmless(words);
        match share.take(Instant::now()) {
            Some(true) => eprintln!("hostd: {name}: {line}"),
            Some(false) => eprintln!("hostd: {name}: more lines are not shown for a while"),
            None => {}
        }
    }
}

/// What a terminal shows as it is: a stranger's user name is in some lines.
fn harmless(line: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    line.chars().take(LENGTH).map(shown).collect()
}

/// What of a period's share has been used.
#[derive(Debug, Default)]
struct Share {
    since: Option<Instant>,
    lines: u32,
}

impl Share {
    /// Whether a line may be said; `Some(false)`: that there are more of them may.
    fn take(&mut self, now: Instant) -> Option<bool> {
        if self
            .since
            .is_none_or(|since| now.duration_since(since) >= PERIOD)
        {
            *self = Self {
                since: Some(now),
                lines: 0,
            };
        }
        self.lines = self.lines.saturating_add(1);
        match self.lines {
            1..=LINES => Some(true),
            lines if lines == LINES + 1 => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cause_so_many_lines_in_a_period_and_then_silence() {
        let (mut share, now) = (Share::default(), Instant::now());
        let said: Vec<_> = (0..1_000).filter_map(|_| share.take(now)).collect();
        assert_eq!(said.len(), 51);
        assert!(said[..50].iter().all(|line| *line) && !said[50]);
        assert_eq!(share.take(now + PERIOD), Some(true));
    }

    #[test]
    fn the_time_is_told_once() {
        let dropbear = Prefix::ProcessAndDate;
        let line = "[4711] Nov 21 10:00:00 Running in foreground";
        assert_eq!(dropbear.strip(line), "Running in foreground");
        assert_eq!(dropbear.strip("Early exit"), "Early exit");
        assert_eq!(dropbear.strip("[1] short"), "[1] short");
        let chronyd = Prefix::Timestamp;
        let line = "2026-11-21T10:00:00Z chronyd exiting";
        assert_eq!(chronyd.strip(line), "chronyd exiting");
        assert_eq!(chronyd.strip("Fatal error"), "Fatal error");
    }

    #[test]
    fn a_line_holds_nothing_that_a_terminal_obeys_and_has_an_end() {
        assert_eq!(harmless("for 'a\u{1b}[2Jb'"), "for 'a\u{fffd}[2Jb'");
        assert_eq!(harmless("plain: ü"), "plain: ü");
        assert_eq!(harmless(&"x".repeat(1_000)).len(), LENGTH);
    }
}
