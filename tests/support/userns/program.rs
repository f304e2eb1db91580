//! A program that runs in a host.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::pipe2;

use super::link::Link;
use super::request::{Answer, Request};

/// How long a killed program may take to be gone.
const DEATH: Duration = Duration::from_secs(10);

/// A running program; dropping it kills it and all that it has started in its process group.
#[derive(Debug)]
pub struct Program {
    name: String,
    pid: i32,
    link: Arc<Link>,
    ending: File,
    ended: Option<ExitStatus>,
}

/// What to run, and where.
#[derive(Debug)]
pub(super) struct Start<'a> {
    pub(super) host: Option<String>,
    pub(super) program: &'a str,
    pub(super) arguments: Vec<String>,
    pub(super) output: OwnedFd,
    pub(super) errors: OwnedFd,
}

impl Program {
    pub(super) fn start(link: &Arc<Link>, start: Start<'_>) -> Result<Self> {
        let (ending, said) = pipe2(OFlag::O_CLOEXEC).context("making a pipe")?;
        let request = Request::Run {
            host: start.host,
            program: start.program.to_owned(),
            arguments: start.arguments,
        };
        let fds = [&start.output, &start.errors, &said].map(AsFd::as_fd);
        let (answer, _) = link.ask(&request, &fds)?;
        let Answer::Running { pid } = answer else {
            bail!("the helper did not say whether {} runs", start.program);
        };
        Ok(Self {
            name: start.program.to_owned(),
            pid,
            link: Arc::clone(link),
            ending: ending.into(),
            ended: None,
        })
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the helper is gone, and all programs with it.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.look(Duration::ZERO)
    }

    /// Waits for its end, at most for `bound`.
    ///
    /// # Errors
    /// When it runs on.
    pub fn wait(&mut self, bound: Duration) -> Result<ExitStatus> {
        let ended = self.look(bound)?;
        ended.with_context(|| format!("{} still runs after {bound:?}", self.name))
    }

    /// Sends it a signal; one that has ended does not mind.
    ///
    /// # Errors
    /// When the helper is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.send(signal, false)
    }

    fn send(&self, signal: Signal, group: bool) -> Result<()> {
        let request = Request::Signal {
            pid: self.pid,
            signal: signal as i32,
            group,
        };
        self.link.ask(&request, &[])?;
        Ok(())
    }

    fn look(&mut self, bound: Duration) -> Result<Option<ExitStatus>> {
        if self.ended.is_some() {
            return Ok(self.ended);
        }
        let end = Instant::now() + bound;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut fds = [PollFd::new(self.ending.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, left) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error).context("waiting for a program"),
            }
        }
        let mut word = [0; 4];
        let what = || format!("the helper is gone, and {} with it", self.name);
        (&self.ending).read_exact(&mut word).with_context(what)?;
        self.ended = Some(ExitStatus::from_raw(i32::from_ne_bytes(word)));
        Ok(self.ended)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // When the world is gone already, so is everything in it.
        if self.send(Signal::SIGKILL, true).is_ok() {
            self.look(DEATH).ok();
        }
    }
}
