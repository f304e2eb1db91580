//! Ends and beginnings: power loss, an orderly stop, the death of the supervisor alone.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{Appliance, launch};
use crate::namespace::Process;
use crate::wait;

impl Appliance {
    /// The daemons that run, as `show daemons` lists them.
    pub fn daemons(&self) -> Result<Vec<Process>> {
        let shown = self.show("daemons")?;
        let items = shown["daemons"].as_array().context("no list of daemons")?;
        items.iter().map(process).collect()
    }

    /// Whether `show daemons` lists daemons, all of them ready.
    pub(super) fn are_all_ready(&self) -> bool {
        self.show("daemons").is_ok_and(|shown| {
            let items = shown["daemons"].as_array().map_or(&[][..], Vec::as_slice);
            !items.is_empty() && items.iter().all(|item| item["state"] == "ready")
        })
    }

    /// SIGKILL to the supervisor and to every daemon, as if the box had lost its power; returns the
    /// moment before the first.
    pub fn kill_all(&mut self) -> Result<Instant> {
        let daemons = self.daemons()?;
        let at = Instant::now();
        // The supervisor first: it would start the daemons again.
        self.signal_supervisor(Signal::SIGKILL)?;
        for daemon in &daemons {
            kill(Pid::from_raw(daemon.pid), Signal::SIGKILL)
                .with_context(|| format!("killing {}", daemon.name))?;
        }
        self.wait_for_supervisors_end()?;
        Ok(at)
    }

    /// SIGKILL to the supervisor alone; returns when.
    pub fn kill_supervisor(&mut self) -> Result<Instant> {
        let at = Instant::now();
        self.signal_supervisor(Signal::SIGKILL)?;
        self.wait_for_supervisors_end()?;
        Ok(at)
    }

    /// Stops it in order (SIGTERM) and waits for its end; returns when it was asked to.
    pub fn stop_in_order(&mut self) -> Result<Instant> {
        let at = Instant::now();
        let status = self.supervisor.stop(Duration::from_secs(10))?;
        ensure!(
            status.success(),
            "the supervisor ended with {status}: {}",
            self.log()
        );
        Ok(at)
    }

    /// Starts a supervisor on the configuration as it is in the file now, and does not wait.
    pub fn launch(&mut self) -> Result<()> {
        self.supervisor = launch(&self.namespace, &self.binaries, &self.room)?;
        Ok(())
    }

    /// Starts a supervisor on the configuration as it is in the file now, and waits until all serve.
    pub fn start_again(&mut self) -> Result<()> {
        self.launch()?;
        self.wait_until_serving()
    }

    /// Waits until every daemon is ready.
    pub fn wait_until_ready(&self, bound: Duration) -> Result<()> {
        let ready = || self.are_all_ready().then_some(());
        wait::until("every daemon to be ready", bound, ready)
    }

    /// Whether the supervisor has ended.
    pub fn has_ended(&mut self) -> bool {
        self.supervisor.ended().is_some()
    }

    fn signal_supervisor(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.supervisor.pid()).context("a process identifier")?;
        kill(Pid::from_raw(pid), signal).with_context(|| format!("sending {signal}"))
    }

    fn wait_for_supervisors_end(&mut self) -> Result<()> {
        let bound = Duration::from_secs(10);
        let ended = || self.supervisor.ended();
        wait::until("the supervisor's end", bound, ended).map(drop)
    }
}

fn process(item: &Value) -> Result<Process> {
    let name = item["name"].as_str().context("a daemon without a name")?;
    let pid = item["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
    Ok(Process {
        pid: pid.with_context(|| format!("{name} has no process: {item}"))?,
        name: name.to_owned(),
    })
}
