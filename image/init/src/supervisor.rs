//! The supervisor: one runs, or the next one is about to.

use std::io::{self, PipeReader, Read, pipe};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sys::program::Program;
use sys::ready::READY_FD;
use sys::watchdog::WATCHDOG_FD;

use crate::backoff::Backoff;
use crate::data::CONFIG;
use crate::tool::{PATH, process};
use crate::transcript::Transcript;

/// Where the daemons' sockets and states are.
pub const RUN_DIR: &str = "/run/fourfold";

const PROGRAM: &str = "supervisor";

const LOG: &str = "/data/log/messages";

const TRANSCRIPT: &str = "/run/log/supervisor";

const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The supervisor, as process 1 knows it. Times are since the machine's start.
#[derive(Debug)]
pub struct Supervisor {
    running: Option<Running>,
    next: Duration,
    backoff: Backoff,
    transcript: Transcript,
}

/// Its process and the pipes from it; a pipe goes when its other end is closed.
#[derive(Debug)]
struct Running {
    pid: Pid,
    since: Duration,
    readiness: Option<PipeReader>,
    beats: Option<PipeReader>,
    output: Option<PipeReader>,
}

/// What came through a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// All daemons are ready.
    Ready,
    /// Its main loop turns.
    Beat,
    /// Nothing that means something.
    Other,
}

/// One of the pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    /// For a newline when it is ready.
    Readiness,
    /// For a byte each second.
    Beats,
    /// For its lines.
    Output,
}

impl Supervisor {
    /// To be started at once.
    pub fn new() -> Self {
        Self {
            running: None,
            next: Duration::ZERO,
            backoff: Backoff::new(LONGEST_WAIT),
            transcript: Transcript::new(Path::new(TRANSCRIPT)),
        }
    }

    /// When to start the next one; `None` while one runs.
    pub const fn due(&self) -> Option<Duration> {
        match self.running {
            Some(_) => None,
            None => Some(self.next),
        }
    }

    /// Starts it. After an error it is due again later.
    ///
    /// # Errors
    /// When it cannot be started; the message names it.
    pub fn start(&mut self, now: Duration) -> io::Result<()> {
        let running = start(now);
        if running.is_err() {
            self.next = now + self.backoff.after(Duration::ZERO);
        }
        self.running = Some(running?);
        Ok(())
    }

    /// Its pipes that are open.
    pub fn pipes(&self) -> Vec<(Pipe, BorrowedFd<'_>)> {
        let Some(running) = &self.running else {
            return Vec::new();
        };
        let pipes = [
            (Pipe::Readiness, &running.readiness),
            (Pipe::Beats, &running.beats),
            (Pipe::Output, &running.output),
        ];
        let open = pipes.into_iter();
        open.filter_map(|(name, pipe)| Some((name, pipe.as_ref()?.as_fd())))
            .collect()
    }

    /// Takes what is in a pipe that is readable.
    pub fn read(&mut self, name: Pipe) -> Word {
        let Some(running) = &mut self.running else {
            return Word::Other;
        };
        let pipe = match name {
            Pipe::Readiness => &mut running.readiness,
            Pipe::Beats => &mut running.beats,
            Pipe::Output => &mut running.output,
        };
        let mut bytes = [0; 8192];
        let len = pipe.as_mut().and_then(|pipe| pipe.read(&mut bytes).ok());
        let said = bytes.get(..len.unwrap_or(0)).unwrap_or_default();
        if said.is_empty() {
            *pipe = None;
            return Word::Other;
        }
        match name {
            Pipe::Readiness if said.contains(&b'\n') => Word::Ready,
            Pipe::Readiness => Word::Other,
            Pipe::Beats => Word::Beat,
            Pipe::Output => {
                self.transcript.write(said);
                Word::Other
            }
        }
    }

    /// Whether `pid` was it; then the next one is due after a while, and this is its last line.
    pub fn ended(&mut self, pid: Pid, now: Duration) -> Option<String> {
        if self.running.as_ref()?.pid != pid {
            return None;
        }
        self.drain();
        let running = self.running.take()?;
        let lived = now.saturating_sub(running.since);
        self.next = now + self.backoff.after(lived);
        Some(self.transcript.last().to_owned())
    }

    /// Asks it to stop in order. Whether there is one.
    pub fn stop(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| kill(running.pid, Signal::SIGTERM).is_ok())
    }

    /// Takes what a dead one has written last.
    fn drain(&mut self) {
        while let Some(output) = self.running.as_ref().and_then(|one| one.output.as_ref()) {
            if !is_readable(output.as_fd()) {
                return;
            }
            self.read(Pipe::Output);
        }
    }
}

fn start(now: Duration) -> io::Result<Running> {
    let (readiness, ready) = pipe()?;
    let (beats, watchdog) = pipe()?;
    let (output, writer) = pipe()?;
    let pid = Program::new(PROGRAM)
        .args(["--config", CONFIG, "--run-dir", RUN_DIR, "--log", LOG])
        .env("PATH", PATH)
        .env("HOME", "/")
        .pass(READY_FD, OwnedFd::from(ready))
        .pass(WATCHDOG_FD, OwnedFd::from(watchdog))
        .output(OwnedFd::from(writer))?
        .start()?;
    Ok(Running {
        pid: process(pid)?,
        since: now,
        readiness: Some(readiness),
        beats: Some(beats),
        output: Some(output),
    })
}

fn is_readable(fd: BorrowedFd<'_>) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut wanted = [PollFd::new(fd, PollFlags::POLLIN)];
    poll(&mut wanted, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}
