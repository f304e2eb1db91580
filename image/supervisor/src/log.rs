//! The log: lines on standard error, each with who said it, and the last ones kept as events. Never waits
//! for who reads it.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::events::Events;

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
}

impl Log {
    /// A line of `source`'s own. It may begin with its name already.
    pub fn line(&self, source: &str, text: &str) {
        let own = text.strip_prefix(source);
        let text = own.and_then(|rest| rest.strip_prefix(": ")).unwrap_or(text);
        self.events.borrow_mut().note(source, text);
        self.write(&format!("{source}: {text}"));
    }

    /// A line of `source`'s that says itself whence it is: a fault of the configuration.
    pub fn as_is(&self, source: &str, text: &str) {
        self.events.borrow_mut().note(source, text);
        self.write(text);
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
