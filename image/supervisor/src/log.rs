//! The log: lines on standard error, each with who said it, the last ones kept as events, and all of them
//! in the file, where there is one. Never waits for who reads it, nor for a disk.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::events::{Event, Events};
use crate::logfile::LogFile;

/// A line of a daemon is at most this long, so that with its name before it a pipe that takes anything
/// takes it whole (`PIPE_BUF`, 4096 bytes).
pub const MAX_LINE: usize = 4000;

const PIPE_BUF: usize = 4096;

/// Where lines go, and how many could not.
#[derive(Debug, Default)]
pub struct Log {
    /// The last lines.
    pub events: RefCell<Events>,
    lost: Cell<u64>,
    file: RefCell<Option<LogFile>>,
}

impl Log {
    /// Its lines go to this file, too.
    pub fn with(file: Option<LogFile>) -> Self {
        Self {
            file: RefCell::new(file),
            ..Self::default()
        }
    }

    /// A line of `source`'s own. It may begin with its name already.
    pub fn line(&self, source: &str, text: &str) {
        let own = text.strip_prefix(source);
        let text = own.and_then(|rest| rest.strip_prefix(": ")).unwrap_or(text);
        self.keep(source, text);
        self.write(&format!("{source}: {text}"));
    }

    /// A line of `source`'s that says itself whence it is: a fault of the configuration.
    pub fn as_is(&self, source: &str, text: &str) {
        self.keep(source, text);
        self.write(text);
    }

    /// Says what has begun to be wrong with the file.
    pub fn look(&self) {
        let trouble = || self.file.borrow_mut().as_mut()?.trouble();
        while let Some(trouble) = trouble() {
            self.line("supervisor", &trouble);
        }
    }

    /// The last lines in the file; those that are kept in memory, when there is no file or it does not give
    /// them in time.
    pub async fn tail(&self) -> Vec<Event> {
        let tail = self.file.borrow().as_ref().map(LogFile::tail);
        let told = match tail {
            Some(tail) => tail.await,
            None => None,
        };
        told.unwrap_or_else(|| self.events.borrow().all().cloned().collect())
    }

    /// Waits until the last line is in the file, unless that takes too long.
    pub async fn end(&self) {
        let file = self.file.borrow_mut().take();
        if let Some(file) = file {
            file.end().await;
        }
    }

    fn keep(&self, source: &str, text: &str) {
        let event = self.events.borrow_mut().note(source, text);
        if let Some(file) = self.file.borrow().as_ref() {
            file.line(event);
        }
    }

    fn write(&self, line: &str) {
        if !writable() {
            self.lost.set(self.lost.get() + 1);
            return;
        }
        let lost = self.lost.take();
        if lost > 0 {
            write(&format!("supervisor: {lost} lines lost: nobody read them"));
        }
        write(line);
    }
}

fn writable() -> bool {
    let stderr = io::stderr();
    let mut wanted = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    matches!(poll(&mut wanted, PollTimeout::ZERO), Ok(n) if n > 0)
}

fn write(text: &str) {
    let mut line = text.as_bytes().to_vec();
    line.truncate(PIPE_BUF - 1);
    line.push(b'\n');
    // Who reads the log may be gone; the daemons are not to die of that.
    io::stderr().lock().write_all(&line).ok();
}
