//! `monitor NOUN`: what `show` shows, every second; of what only grows, what is new.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use control::calendar::{utc, utc_ms};
use control::show::{EventItem, Noun};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sys::clock::unix_millis;

use crate::ask::ask;
use crate::failure::Failure;
use crate::grammar::{Given, MONITORED};
use crate::interrupt::Interrupt;
use crate::session::Session;
use crate::show::View;
use crate::terminal::{self, Key, Keys, Size};
use crate::text::harmless;

const PERIOD: Duration = Duration::from_secs(1);

/// Shows what the words say until somebody has enough.
pub(crate) fn run(session: &mut Session, words: &[String]) -> Result<(), Failure> {
    let view = View::read(MONITORED, words)?;
    let node = MONITORED
        .iter()
        .find(|node| Some(node.word) == words.first().map(String::as_str));
    let options = node.map_or(&[][..], |node| node.below());
    let given = Given::read(options, words.get(1..).unwrap_or_default());
    let count = given.number("--count")?;
    let mut screen = Screen::open(session)?;
    let run_dir = session.places.run_dir.clone();
    match view.noun() {
        Noun::Events | Noun::Log => follow(&run_dir, view.noun(), count, &mut screen),
        Noun::Bfd
        | Noun::Bond
        | Noun::Configuration
        | Noun::Connections
        | Noun::Daemons
        | Noun::Drops
        | Noun::Health
        | Noun::History
        | Noun::Interfaces
        | Noun::Lacp
        | Noun::Ports
        | Noun::Service
        | Noun::Version
        | Noun::Vrrp
        | Noun::VrrpWhy => pictures(&run_dir, &view, count, &mut screen),
    }
}

/// A picture every second.
fn pictures(
    run_dir: &Path,
    view: &View,
    count: Option<u64>,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let mut made = 0;
    loop {
        let mut picture = Vec::new();
        if let Err(failure) = view.print(run_dir, &mut picture) {
            // A daemon that is started again is worth waiting for, a wrong request is not.
            match (failure, screen.is_watched()) {
                (Failure::Daemon(error), true) => writeln!(picture, "{error}")?,
                (failure, _) => return Err(failure),
            }
        }
        screen.picture(&String::from_utf8_lossy(&picture))?;
        made += 1;
        if Some(made) == count || !screen.wait()? {
            return Ok(());
        }
    }
}

/// Every second the lines that are new.
fn follow(
    run_dir: &Path,
    noun: Noun,
    count: Option<u64>,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let mut seen = Seen::default();
    let mut made = 0;
    loop {
        let items = ask::<EventItem>(run_dir, noun)?.collect::<Result<Vec<_>, _>>()?;
        let mut out = io::stdout().lock();
        for item in seen.take_new(&items) {
            let (at, daemon) = (utc_ms(item.unix_ms), &item.daemon);
            writeln!(out, "{at} {daemon}: {}", harmless(item.text.trim_end()))?;
        }
        out.flush()?;
        drop(out);
        made += 1;
        if Some(made) == count || !screen.wait()? {
            return Ok(());
        }
    }
}

/// What has been shown of a stream that only grows at its end, and is cut at its begin.
#[derive(Debug, Default)]
struct Seen {
    /// The time of the last line, and all lines of that time.
    unix_ms: u64,
    last: BTreeSet<(String, String)>,
}

impl Seen {
    /// Those of `items` that are new: all of them at first.
    fn take_new<'i>(&mut self, items: &'i [EventItem]) -> Vec<&'i EventItem> {
        let key = |item: &EventItem| (item.daemon.clone(), item.text.clone());
        let is_new = |item: &&EventItem| {
            item.unix_ms > self.unix_ms
                || (item.unix_ms == self.unix_ms && !self.last.contains(&key(item)))
        };
        let new: Vec<&EventItem> = items.iter().filter(is_new).collect();
        for item in &new {
            if item.unix_ms > self.unix_ms {
                self.unix_ms = item.unix_ms;
                self.last.clear();
            }
            self.last.insert(key(item));
        }
        new
    }
}

/// Where pictures go, and where the wish to end comes from.
struct Screen {
    keys: Option<Keys>,
    interrupt: Interrupt,
    /// The size of a terminal that can be cleared.
    size: Option<Size>,
    next: Instant,
}

impl Screen {
    fn open(session: &Session) -> io::Result<Self> {
        let is_terminal = io::stdout().is_terminal();
        let is_person = session.person.is_some() && is_terminal;
        Ok(Self {
            keys: if is_person { Some(Keys::new()?) } else { None },
            interrupt: Interrupt::new()?,
            size: (is_terminal && terminal::is_capable()).then(terminal::size),
            next: Instant::now(),
        })
    }

    /// Whether somebody sees that a daemon does not answer, and can end it.
    const fn is_watched(&self) -> bool {
        self.keys.is_some()
    }

    fn picture(&self, picture: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let now = utc(unix_millis() / 1000);
        match self.size {
            Some(size) => {
                write!(out, "\x1b[H\x1b[2J{}", fitted(picture, &now, size))?;
            }
            None => write!(out, "-- {now} {:-<1$}\n{picture}", "", RULE)?,
        }
        out.flush()
    }

    /// Waits for the next second; false when somebody has enough.
    fn wait(&mut self) -> io::Result<bool> {
        self.next += PERIOD;
        // After a picture that took long, the next one is due at once, and not several.
        self.next = self.next.max(Instant::now());
        loop {
            let left = self.next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(true);
            }
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match &self.keys {
                Some(keys) => match keys.next(timeout)? {
                    Some(Key::Quit) => return Ok(false),
                    Some(Key::Space | Key::Enter | Key::Other) | None => {}
                },
                None if self.is_over(timeout)? => return Ok(false),
                None => {}
            }
        }
    }

    /// Whether Ctrl-C came, or the reader of the output went away.
    fn is_over(&self, timeout: PollTimeout) -> io::Result<bool> {
        use std::os::fd::AsFd as _;
        let stdout = io::stdout();
        let mut fds = [
            PollFd::new(self.interrupt.as_fd(), PollFlags::POLLIN),
            PollFd::new(stdout.as_fd(), PollFlags::empty()),
        ];
        match poll(&mut fds, timeout) {
            Ok(0) | Err(Errno::EINTR) => Ok(self.interrupt.take()),
            Ok(_) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

/// The length of a rule behind its time.
const RULE: usize = 52;

/// A picture that fits the screen, the time and how to end it below.
fn fitted(picture: &str, now: &str, size: Size) -> String {
    let mut left = size.rows.saturating_sub(1);
    let rows = |line: &str| line.chars().count().div_ceil(size.columns).max(1);
    let mut shown = String::new();
    let mut lines = picture.lines();
    let mut hidden = 0;
    for line in lines.by_ref() {
        let Some(rest) = left.checked_sub(rows(line)) else {
            hidden = 1;
            break;
        };
        left = rest;
        shown.push_str(line);
        shown.push('\n');
    }
    hidden += lines.count();
    let more = match hidden {
        0 => String::new(),
        _ => format!(", {hidden} more lines"),
    };
    format!("{shown}-- {now}{more}; q ends --")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(unix_ms: u64, text: &str) -> EventItem {
        EventItem {
            unix_ms,
            daemon: "lvsd".into(),
            text: text.into(),
        }
    }

    fn texts<'i>(items: &[&'i EventItem]) -> Vec<&'i str> {
        items.iter().map(|item| item.text.as_str()).collect()
    }

    #[test]
    fn a_line_is_shown_once_also_when_others_have_its_time() {
        let mut seen = Seen::default();
        let all = [event(1, "a"), event(2, "b"), event(2, "c"), event(3, "d")];
        assert_eq!(texts(&seen.take_new(&all[..2])), ["a", "b"]);
        assert_eq!(texts(&seen.take_new(&all[..3])), ["c"]);
        assert_eq!(texts(&seen.take_new(&all[1..])), ["d"], "the begin was cut");
        assert!(seen.take_new(&all).is_empty());
    }

    #[test]
    fn a_picture_that_is_too_long_says_how_much_is_missing() {
        let size = Size {
            columns: 10,
            rows: 4,
        };
        assert_eq!(
            fitted("a\nb\nc\n", "now", size),
            "a\nb\nc\n-- now; q ends --"
        );
        let long = "a\n0123456789x\nc\nd\n";
        let cut = "a\n0123456789x\n-- now, 2 more lines; q ends --";
        assert_eq!(fitted(long, "now", size), cut);
    }
}
