//! The end of the watchdog's chain that is not in process 1: a process that says, by a byte each second
//! on the descriptor that `WATCHDOG_FD` names, that its main loop turns.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::inherited;

/// The environment variable with the number of the descriptor: the writing end of a pipe.
pub const WATCHDOG_FD: &str = "WATCHDOG_FD";

/// How often a byte is to come.
pub const RHYTHM: Duration = Duration::from_secs(1);

static TAKEN: AtomicBool = AtomicBool::new(false);

/// The pipe to who feeds the watchdog as long as bytes come.
#[derive(Debug)]
pub struct Watchdog {
    pipe: File,
}

impl Watchdog {
    /// The one that this process was started with, once; children do not inherit it. `None` without
    /// `WATCHDOG_FD`: nobody listens.
    pub fn from_env() -> Option<Self> {
        let raw = inherited::named(WATCHDOG_FD)?;
        if TAKEN.swap(true, Ordering::Relaxed) {
            return None;
        }
        inherited::keep_from_children(raw);
        // SAFETY: it is open, and by the contract of WATCHDOG_FD was inherited for this one use, so that
        // nothing else in the process knows it; `TAKEN` makes this the only place that takes it.
        let fd = unsafe { OwnedFd::from_raw_fd(raw) };
        // One who listens no more must not hold up the loop that this is about.
        fcntl(fd.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).ok()?;
        Some(Self {
            pipe: File::from(fd),
        })
    }

    /// The main loop has come around. Never waits.
    pub fn feed(&self) {
        // A full pipe has been fed enough; one whose reader is gone has nobody to tell.
        drop((&self.pipe).write(b"."));
    }
}
