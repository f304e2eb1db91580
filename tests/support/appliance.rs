//! The appliance: the supervisor and its daemons, the same binaries and the same configuration
//! format as on the machine it is made for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::daemon::Daemon;
use crate::namespace::{self, Namespace, Process};
use crate::{run, wait};

mod operator;
mod power;
mod roles;

pub use operator::Said;

/// The environment variable that tells tests where the appliance's programs are.
pub const BINARIES: &str = "FOURFOLD_BINARIES";

/// The running configuration, in the appliance's directory.
const FILE: &str = "appliance.toml";

/// Where the appliance's programs are: as [`BINARIES`] says.
pub fn binaries() -> Result<PathBuf> {
    let directory = std::env::var_os(BINARIES);
    let directory =
        directory.with_context(|| format!("{BINARIES} is not set: run `cargo xtask test`"))?;
    Ok(directory.into())
}

/// A running appliance; dropping it stops it in order.
#[derive(Debug)]
pub struct Appliance {
    supervisor: Daemon,
    namespace: String,
    room: PathBuf,
    binaries: PathBuf,
}

impl Appliance {
    /// Writes `configuration` below `room` and starts the supervisor in `namespace`.
    pub(crate) fn start(
        namespace: &Namespace,
        binaries: &Path,
        room: &Path,
        configuration: &str,
    ) -> Result<Self> {
        let supervisor = binaries.join("supervisor");
        ensure!(
            supervisor.is_file(),
            "{} is not built",
            supervisor.display()
        );
        let file = room.join(FILE);
        fs::write(&file, configuration).with_context(|| format!("writing {}", file.display()))?;
        let name = namespace.name();
        let mut appliance = Self {
            supervisor: launch(name, binaries, room)?,
            namespace: name.to_owned(),
            room: room.to_owned(),
            binaries: binaries.to_owned(),
        };
        appliance.wait_until_serving()?;
        Ok(appliance)
    }

    /// The running configuration's file.
    pub fn file(&self) -> PathBuf {
        self.room.join(FILE)
    }

    /// What `fourfold show NOUN --json` prints.
    pub fn show(&self, noun: &str) -> Result<Value> {
        let text = run::output(self.console().args(["show", noun, "--json"]))?;
        serde_json::from_str(&text).with_context(|| format!("show {noun} --json printed {text:?}"))
    }

    /// What `fourfold show NOUN` prints for people.
    pub fn show_text(&self, noun: &str) -> Result<String> {
        run::output(self.console().args(["show", noun]))
    }

    fn console(&self) -> Command {
        let mut command = run::program(&self.binaries.join("fourfold").display().to_string());
        command.arg("--run-dir").arg(self.run_directory());
        command
    }

    /// What the supervisor and its daemons have written.
    pub fn log(&self) -> String {
        fs::read_to_string(self.room.join("supervisor.log")).unwrap_or_default()
    }

    /// The run directory, where the daemons' sockets are.
    pub fn run_directory(&self) -> PathBuf {
        self.room.join("run")
    }

    /// The daemon's process now.
    pub fn daemon(&self, name: &str) -> Option<Process> {
        namespace::processes(&self.namespace)
            .into_iter()
            .find(|process| process.name == name)
    }

    /// Kills a daemon (SIGKILL); returns when, and which process it was.
    pub fn kill(&self, name: &str) -> Result<(Instant, Process)> {
        self.signal(name, Signal::SIGKILL)
    }

    /// Sends a daemon a signal; returns when, and which process it is.
    pub fn signal(&self, name: &str, signal: Signal) -> Result<(Instant, Process)> {
        let process = self
            .daemon(name)
            .with_context(|| format!("{name} does not run"))?;
        kill(Pid::from_raw(process.pid), signal)
            .with_context(|| format!("sending {name} {signal}"))?;
        Ok((Instant::now(), process))
    }

    /// Waits until another process of the daemon runs than `former`.
    pub fn wait_for_successor(&self, former: &Process, bound: Duration) -> Result<Process> {
        wait::until(&format!("a new {}", former.name), bound, || {
            self.daemon(&former.name)
                .filter(|process| process.pid != former.pid)
        })
    }

    /// Stops it in order and waits for its end.
    pub fn stop(mut self) -> Result<()> {
        self.stop_in_order().map(drop)
    }

    fn wait_until_serving(&mut self) -> Result<()> {
        let served = wait::until("every daemon to serve", Duration::from_secs(30), || {
            let serving = self.are_all_ready() && self.show("lacp").is_ok();
            // An ended supervisor will serve nothing any more: waiting on would tell no more.
            (serving || self.supervisor.ended().is_some()).then_some(serving)
        });
        ensure!(
            matches!(served, Ok(true)),
            "the appliance does not serve; its log:\n{}",
            self.log()
        );
        Ok(())
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        // Whatever is left afterwards goes with the namespace.
        self.supervisor.stop(Duration::from_secs(5)).ok();
    }
}

/// Starts a supervisor in the named namespace on the configuration that is in `room`.
fn launch(name: &str, binaries: &Path, room: &Path) -> Result<Daemon> {
    let command = supervise(name, binaries, &room.join(FILE), &room.join("run"));
    Daemon::start("supervisor", command, &room.join("supervisor.log"))
}

/// `supervisor --config FILE --run-dir DIRECTORY` inside `namespace`.
pub fn supervisor_command(
    namespace: &Namespace,
    binaries: &Path,
    configuration: &Path,
    run_directory: &Path,
) -> Command {
    supervise(namespace.name(), binaries, configuration, run_directory)
}

fn supervise(name: &str, binaries: &Path, configuration: &Path, run_directory: &Path) -> Command {
    let supervisor = binaries.join("supervisor");
    let mut command = namespace::command(name, &supervisor.display().to_string());
    command
        .arg("--config")
        .arg(configuration)
        .arg("--run-dir")
        .arg(run_directory);
    command
}
