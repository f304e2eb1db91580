//! A program the lab starts and keeps: its output goes to a file, it ends with its value.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::wait;

/// A running program; dropping it kills it with its whole process group and waits for its end.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    child: Child,
}

impl Daemon {
    /// Starts `command` with its standard output and error added to `log`, in a process group of
    /// its own so that Ctrl-C on the terminal reaches only the lab's owner, which ends things in
    /// order.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let errors = log
            .try_clone()
            .context("duplicating the log's descriptor")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
        })
    }

    /// Its process identifier.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end (SIGTERM) and waits at most `bound`.
    pub fn stop(&mut self, bound: Duration) -> Result<ExitStatus> {
        if self.ended().is_none() {
            let pid = Pid::from_raw(i32::try_from(self.pid()).context("a process identifier")?);
            kill(pid, Signal::SIGTERM).with_context(|| format!("ending {}", self.name))?;
        }
        let what = format!("{} to end", self.name);
        wait::until(&what, bound, || self.ended())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The whole group, for workers outlive a killed master. All of it may have ended already.
        if let Ok(group) = i32::try_from(self.pid()) {
            killpg(Pid::from_raw(group), Signal::SIGKILL).ok();
        }
        self.child.wait().ok();
    }
}
