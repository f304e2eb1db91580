//! A line of the log: `2026-11-21T10:34:56.123Z lvsd: text`.

use std::time::{Duration, UNIX_EPOCH};

use crate::events::Event;

/// What is written for an event, before which so many were lost.
pub fn of(event: &Event, lost: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(event.unix_ms);
    let time = humantime::format_rfc3339_millis(time);
    let lost = match lost {
        0 => String::new(),
        lost => format!("{time} supervisor: {lost} lines lost\n"),
    };
    // Whoever prints the log does so on a terminal.
    let text = event
        .text
        .replace(|c: char| c.is_control() && c != '\t', "\u{fffd}");
    format!("{lost}{time} {}: {text}\n", event.daemon)
}

/// What was written; none of what was cut by a loss of power.
pub fn read(line: &[u8]) -> Option<Event> {
    let line = std::str::from_utf8(line).ok()?;
    let (time, rest) = line.split_once(' ')?;
    let (daemon, text) = rest.split_once(": ")?;
    let daemon = Some(daemon).filter(|daemon| !daemon.contains(' '))?;
    let time = humantime::parse_rfc3339(time).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(Event {
        unix_ms: u64::try_from(since.as_millis()).ok()?,
        daemon: daemon.to_owned(),
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        Event {
            unix_ms: 1_785_585_600_250,
            daemon: "ctld".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_line_says_when_and_who_and_is_read_back() {
        let line = of(&event("commit 7: it runs"), 0);
        assert_eq!(line, "2026-08-01T12:00:00.250Z ctld: commit 7: it runs\n");
        let read = read(line.trim_end().as_bytes()).expect("a line");
        assert_eq!(read, event("commit 7: it runs"));
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_written() {
        let line = of(&event("a\u{1b}[2Jb\tc\nd"), 0);
        assert!(
            line.ends_with(" ctld: a\u{fffd}[2Jb\tc\u{fffd}d\n"),
            "{line}"
        );
    }

    #[test]
    fn what_was_cut_is_no_line() {
        let line = of(&event("x"), 0);
        for cut in 0..line.len() - 2 {
            assert_eq!(read(&line.as_bytes()[..cut]), None, "{cut} bytes");
        }
        assert_eq!(read(&[0; 40]), None);
        assert_eq!(read(b"yesterday ctld: x"), None);
    }
}
