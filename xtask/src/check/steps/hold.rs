//! Holding a process at a named step, and killing it there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::appliance::Appliance;
use tests::namespace::Process;
use tests::wait;

/// Longer than a commit takes to come to any step.
const PATIENCE: Duration = Duration::from_secs(10);

/// A step at which a daemon is to stop itself; dropping it lets the next one pass.
pub struct Hold<'a> {
    file: PathBuf,
    daemon: &'a str,
}

impl<'a> Hold<'a> {
    pub fn set(run_directory: &Path, daemon: &'a str, step: &str) -> Result<Self> {
        let file = run_directory.join("hold");
        fs::write(&file, format!("{daemon}/{step}"))
            .with_context(|| format!("writing {}", file.display()))?;
        Ok(Self { file, daemon })
    }

    /// Waits until the daemon stands still, and kills it.
    pub fn kill(self, appliance: &Appliance) -> Result<Process> {
        let stopped = wait::until_ok(PATIENCE, || {
            let process = appliance.daemon(self.daemon);
            let process = process.with_context(|| format!("{} does not run", self.daemon))?;
            ensure!(is_stopped(process.pid)?, "{} goes on", self.daemon);
            Ok(process)
        });
        // Its successor is to pass the step.
        self.lift()?;
        let (_, killed) = stopped.and_then(|_| appliance.kill(self.daemon))?;
        Ok(killed)
    }

    fn lift(&self) -> Result<()> {
        fs::remove_file(&self.file).with_context(|| format!("removing {}", self.file.display()))
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        // Lifted already, unless something failed before.
        self.lift().ok();
    }
}

/// The third column of `/proc/PID/stat`, behind the name in parentheses, is the state: T is stopped.
fn is_stopped(pid: i32) -> Result<bool> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("reading a state")?;
    let (_, columns) = stat.rsplit_once(')').context("a state without a name")?;
    Ok(columns.trim_start().starts_with('T'))
}
