//! The last lines of all daemons, for `show events`; also those that an earlier supervisor heard.
//!
//! `RUN/events` holds them, a JSON text a line: appended to, and written anew when it has grown too long.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sys::clock::unix_millis;

/// So many lines are kept.
pub const MOST: usize = 2_000;
/// The file may grow by this, or to twice of what it must hold.
const ROOM: u64 = 1 << 20;

/// One line: what `show events` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it was read, in milliseconds since 1970 (UTC).
    pub unix_ms: u64,
    /// Who said it.
    pub daemon: String,
    /// What.
    pub text: String,
}

/// The last lines.
#[derive(Debug, Default)]
pub struct Events {
    ring: VecDeque<Event>,
    file: Option<EventsFile>,
}

#[derive(Debug)]
struct EventsFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    most: u64,
}

impl Events {
    /// Notes a line; gives it with its time.
    pub fn note(&mut self, daemon: &str, text: &str) -> Event {
        let event = Event {
            unix_ms: unix_millis(),
            daemon: daemon.to_owned(),
            text: text.to_owned(),
        };
        let written = self.file.as_mut().map(|file| file.append(&event));
        self.push(event.clone());
        let is_full = self
            .file
            .as_ref()
            .is_some_and(|file| file.bytes > file.most);
        if let Some(file) = self.file.as_ref().filter(|_| is_full) {
            self.file = EventsFile::write(&file.path, &self.ring).ok();
        }
        if let Some(Err(_)) = written {
            // No room: what is in memory is shown all the same.
            self.file = None;
        }
        event
    }

    /// The lines, the oldest first.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.ring.iter()
    }

    /// Keeps the lines in `path`, too, behind those that an earlier supervisor left there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_in(&mut self, path: &Path) -> io::Result<()> {
        let own = std::mem::take(&mut self.ring);
        let left = fs::read(path).unwrap_or_default();
        for line in left.split(|byte| *byte == b'\n') {
            // The last one may have been cut.
            if let Ok(event) = serde_json::from_slice(line) {
                self.push(event);
            }
        }
        own.into_iter().for_each(|event| self.push(event));
        self.file = Some(EventsFile::write(path, &self.ring)?);
        Ok(())
    }

    /// Removes the file; the lines stay in memory.
    pub fn remove_file(&mut self) {
        if let Some(file) = self.file.take() {
            fs::remove_file(file.path).ok();
        }
    }

    fn push(&mut self, event: Event) {
        if self.ring.len() == MOST {
            self.ring.pop_front();
        }
        self.ring.push_back(event);
    }
}

impl EventsFile {
    /// A file with these lines, whole or not at all.
    fn write(path: &Path, events: &VecDeque<Event>) -> io::Result<Self> {
        let mut text = Vec::new();
        for event in events {
            serde_json::to_writer(&mut text, event)?;
            text.push(b'\n');
        }
        let new = path.with_extension("new");
        fs::remove_file(&new).ok();
        // For those who may ask at the sockets.
        let mut options = OpenOptions::new();
        let mut file = options
            .append(true)
            .create_new(true)
            .mode(0o640)
            .open(&new)?;
        file.write_all(&text)?;
        fs::rename(&new, path)?;
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        Ok(Self {
            path: path.to_owned(),
            file,
            bytes,
            most: bytes.saturating_add(bytes.max(ROOM)),
        })
    }

    fn append(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.bytes += u64::try_from(line.len()).unwrap_or(0);
        self.file.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let name = format!("supervisor-events-{}-{name}", std::process::id());
        std::env::temp_dir().join(name)
    }

    fn texts(events: &Events) -> Vec<&str> {
        events.all().map(|event| event.text.as_str()).collect()
    }

    #[test]
    fn the_oldest_line_goes_when_there_are_too_many() {
        let mut events = Events::default();
        for n in 0..=MOST {
            events.note("lvsd", &n.to_string());
        }
        assert_eq!(events.all().len(), MOST);
        assert_eq!(texts(&events)[0], "1");
        assert_eq!(texts(&events)[MOST - 1], MOST.to_string());
    }

    #[test]
    fn the_next_supervisor_has_the_lines_of_the_one_before_it_but_a_cut_one() {
        let path = scratch("next");
        let mut first = Events::default();
        first.note("supervisor", "before there was a file");
        first.keep_in(&path).expect("file");
        first.note("lvsd", "a \"line\"");
        drop(first);
        let mode = fs::metadata(&path).expect("file").permissions().mode();
        assert_eq!(mode & 0o007, 0, "everybody's: {mode:o}");
        let mut text = fs::read(&path).expect("file");
        text.extend_from_slice(br#"{"unix_ms":1,"dae"#);
        fs::write(&path, text).expect("cut");

        let mut next = Events::default();
        next.note("supervisor", "the next");
        next.keep_in(&path).expect("file");
        assert_eq!(
            texts(&next),
            ["before there was a file", "a \"line\"", "the next"]
        );
        next.remove_file();
        assert!(!path.exists());
        next.note("lvsd", "on");
        assert_eq!(next.all().len(), 4);
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let path = scratch("growth");
        let mut events = Events::default();
        events.keep_in(&path).expect("file");
        let long = "x".repeat(1_000);
        for _ in 0..10_000 {
            events.note("lvsd", &long);
        }
        let bytes = fs::metadata(&path).expect("file").len();
        assert!(bytes < 5 << 20, "{bytes} bytes");
        let mut next = Events::default();
        next.keep_in(&path).expect("file");
        assert_eq!(next.all().len(), MOST);
        next.remove_file();
    }
}
