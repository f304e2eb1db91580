//! The machine runs: one loop that waits for whatever comes next, and does it.

use std::io::PipeReader;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::disk::BootDisk;
use crate::end::{self, End};
use crate::feeder::{Feeder, now};
use crate::hold::Hold;
use crate::interfaces;
use crate::log::Log;
use crate::logins::Logins;
use crate::plug::{self, Plugged};
use crate::signals::Signals;
use crate::slot::Trial;
use crate::supervisor::{Pipe, Supervisor, Word};

/// An orderly stop of all daemons takes no longer.
const STOPPING: Duration = Duration::from_secs(60);

/// All that process 1 holds while the machine runs.
#[derive(Debug)]
pub struct Running {
    /// What it is told by signals.
    pub signals: Signals,
    /// What devices come; `None` when nobody says so any more.
    pub plug: Option<PipeReader>,
    /// The watchdog.
    pub feeder: Feeder,
    /// The supervisor.
    pub supervisor: Supervisor,
    /// The logins on the consoles.
    pub logins: Logins,
    /// Whether this slot is good.
    pub trial: Trial,
    /// For tests, where a daemon is to stop.
    pub hold: Hold,
    /// The disk that the machine was started from.
    pub disk: Option<BootDisk>,
    /// How the machine is to end, and when at the latest.
    pub end: Option<(End, Duration)>,
}

/// Whom the kernel says to be readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Signals,
    Plug,
    Supervisor(Pipe),
}

impl Running {
    /// Until the end of the machine.
    pub fn run(mut self, log: &Log) -> ! {
        loop {
            for source in self.wait() {
                match source {
                    Source::Signals => self.signals(log),
                    Source::Plug => self.plugged(log),
                    Source::Supervisor(pipe) => self.heard(pipe),
                }
            }
            self.turn(log);
        }
    }

    /// Waits for the next thing to come, or to do.
    fn wait(&self) -> Vec<Source> {
        let mut sources: Vec<(Source, BorrowedFd<'_>)> =
            vec![(Source::Signals, self.signals.as_fd())];
        sources.extend(self.plug.iter().map(|plug| (Source::Plug, plug.as_fd())));
        let pipes = self.supervisor.pipes().into_iter();
        sources.extend(pipes.map(|(pipe, fd)| (Source::Supervisor(pipe), fd)));
        let mut wanted: Vec<PollFd<'_>> = sources
            .iter()
            .map(|(_, fd)| PollFd::new(*fd, PollFlags::POLLIN))
            .collect();
        // An error is looked at as if all were there: reading tells.
        let woken = poll(&mut wanted, self.timeout()).is_ok_and(|ready| ready > 0);
        let is_ready = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
        let ready = wanted
            .iter()
            .zip(&sources)
            .filter(|(fd, _)| woken && is_ready(fd));
        ready.map(|(_, (source, _))| *source).collect()
    }

    fn timeout(&self) -> PollTimeout {
        let now = now();
        let end = self.end.map(|(_, at_the_latest)| at_the_latest);
        let starting = self.supervisor.due().filter(|_| self.end.is_none());
        let due = [
            starting,
            self.logins.due(),
            self.trial.due(),
            self.hold.due(now),
            end,
        ];
        let first = due.into_iter().flatten().min();
        first.map_or(PollTimeout::NONE, |due| {
            // To the next millisecond, so that it is over when the wait is.
            let wait = due.saturating_sub(now) + Duration::from_millis(1);
            PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)
        })
    }

    /// What is due.
    fn turn(&mut self, log: &Log) {
        let now = now();
        match self.end {
            Some((how, at_the_latest)) if now >= at_the_latest => self.finish(how, log),
            Some(_) => return,
            None => {}
        }
        if self.supervisor.due().is_some_and(|due| due <= now) {
            if let Err(e) = self.supervisor.start(now) {
                log.warn(&e.to_string());
            }
            self.feeder.change();
        }
        for fault in self.logins.start(now) {
            log.warn(&fault);
        }
        self.trial.turn(now, log);
        self.hold.look(log);
    }

    fn heard(&mut self, pipe: Pipe) {
        match self.supervisor.read(pipe) {
            Word::Ready => {
                self.trial.ready(now());
                self.logins.begin(now());
            }
            // A supervisor that is to end has had its time measured.
            Word::Beat if self.end.is_none() => self.feeder.beat(),
            Word::Beat | Word::Other => {}
        }
    }

    fn plugged(&mut self, log: &Log) {
        let words = self.plug.as_mut().map(plug::read).unwrap_or_default();
        if words.is_empty() {
            self.plug = None;
        }
        for word in words {
            match word {
                Plugged::Net => interfaces::name(log),
                Plugged::Watchdog => self.feeder.arm(log),
                Plugged::Settled | Plugged::Block => {}
            }
        }
    }

    fn signals(&mut self, log: &Log) {
        for signal in self.signals.read() {
            match End::from_signal(signal) {
                Some(how) => self.stop(how, log),
                None if signal == Signal::SIGCHLD => self.reap(log),
                None => {}
            }
        }
    }

    /// Asks the supervisor to stop everything in order; its end is the machine's.
    fn stop(&mut self, how: End, log: &Log) {
        if self.end.is_some() {
            return;
        }
        self.feeder.busy(STOPPING);
        self.end = Some((how, now() + STOPPING));
        if !self.supervisor.stop() {
            self.finish(how, log);
        }
    }

    /// Takes leave of every process that has ended: its own, and those whose parents are gone.
    fn reap(&mut self, log: &Log) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let Some(pid) = status.pid() else {
                return;
            };
            let now = now();
            if let Some(last_line) = self.supervisor.ended(pid, now) {
                self.supervisor_ended(status, &last_line, log);
            } else {
                self.logins.ended(pid, now);
            }
        }
    }

    fn supervisor_ended(&mut self, status: WaitStatus, last_line: &str, log: &Log) {
        self.trial.died();
        if let Some((how, _)) = self.end {
            self.finish(how, log);
        }
        let (asked, how) = match status {
            WaitStatus::Exited(_, status) => {
                (End::from_status(status), format!("exit status {status}"))
            }
            WaitStatus::Signaled(_, signal, _) => (None, signal.to_string()),
            WaitStatus::Stopped(..)
            | WaitStatus::Continued(_)
            | WaitStatus::PtraceEvent(..)
            | WaitStatus::PtraceSyscall(_)
            | WaitStatus::StillAlive => return,
        };
        if let Some(how) = asked {
            self.finish(how, log);
        }
        self.feeder.change();
        log.warn(&format!("the supervisor has ended ({how}): {last_line}"));
    }

    fn finish(&mut self, how: End, log: &Log) -> ! {
        let disk = self.disk.take();
        end::end(how, &self.trial, disk, &mut self.feeder, log)
    }
}
