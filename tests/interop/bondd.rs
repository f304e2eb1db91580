//! `bondd` by itself on the lab's two cables, started and ended as a story wants, and what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bond::{LacpStatus, Status};
use control::ipc::{self, Effect};
use control::show::Noun;
use serde::de::DeserializeOwned;
use sys::packet::Packet;
use tests::appliance::binaries;
use tests::daemon::Daemon;
use tests::lab::{Lab, MEMBERS, SWITCH_PORTS};
use tests::ovs::LacpRate;
use tests::transaction::transact;
use tests::{config, wait};

/// Both cables, by their index.
pub const ALL: [usize; 2] = [0, 1];

/// Detection and negotiation take at most 3 s and 2 s; the machine may be busy.
pub const LIMIT: Duration = Duration::from_secs(20);

/// A lab with `bondd` in the appliance's place; `bondd` is dropped first.
pub struct Bonding {
    bondd: Option<Daemon>,
    run_directory: PathBuf,
    /// The lab around it.
    pub lab: Lab,
}

impl Bonding {
    /// A lab whose switch asks for LACPDUs at the rate `theirs`, with a `bondd` that would ask for
    /// them at `ours` and is not started yet.
    pub fn prepare(ours: LacpRate, theirs: LacpRate) -> Result<Self> {
        Self::prepare_with(ours, theirs, "")
    }

    /// As [`Bonding::prepare`], with these lines among the bond's options.
    pub fn prepare_with(ours: LacpRate, theirs: LacpRate, options: &str) -> Result<Self> {
        let lab = Lab::raise(theirs)?;
        let run_directory = lab.room("bondd")?;
        let config = config::bond(ours) + options;
        fs::write(run_directory.join("appliance.toml"), config)
            .context("writing bondd's configuration")?;
        Ok(Self {
            bondd: None,
            run_directory,
            lab,
        })
    }

    /// As [`Bonding::prepare`], started, and both cables in use at both ends.
    pub fn raise(ours: LacpRate, theirs: LacpRate) -> Result<Self> {
        let mut bonding = Self::prepare(ours, theirs)?;
        bonding.start()?;
        bonding.wait_for_cables(&ALL)?;
        Ok(bonding)
    }

    /// As [`Bonding::raise`], both sides at the fast rate.
    pub fn raise_fast() -> Result<Self> {
        Self::raise(LacpRate::Fast, LacpRate::Fast)
    }

    /// `bondd --config FILE --socket PATH`, not started.
    pub fn command(&self) -> Result<Command> {
        let bondd = binaries()?.join("bondd");
        ensure!(bondd.is_file(), "{} is not built", bondd.display());
        let mut command = self.lab.appliance().command(&bondd.display().to_string());
        command
            .arg("--config")
            .arg(self.run_directory.join("appliance.toml"))
            .arg("--socket")
            .arg(self.run_directory.join("bondd.sock"));
        Ok(command)
    }

    /// Starts `bondd` and waits until it answers.
    pub fn start(&mut self) -> Result<()> {
        let daemon = Daemon::start("bondd", self.command()?, &self.log_file())?;
        self.bondd = Some(daemon);
        wait::until_ok(Duration::from_secs(10), || self.lacp())
            .with_context(|| format!("waiting for bondd, which said:\n{}", self.log()))?;
        Ok(())
    }

    /// SIGKILL: it cannot say goodbye. Returns when it is gone.
    pub fn kill(&mut self) {
        drop(self.bondd.take());
    }

    /// SIGTERM: it says goodbye. Returns when it is gone.
    pub fn stop(&mut self) -> Result<()> {
        let mut bondd = self.bondd.take().context("bondd does not run")?;
        let status = bondd.stop(Duration::from_secs(10))?;
        ensure!(status.success(), "bondd ended with {status}");
        Ok(())
    }

    /// Commits a configuration; what that means for `bondd`.
    pub fn commit(&self, configuration: &str) -> Result<Effect> {
        let daemon = Packet::connect(self.run_directory.join("bondd.sock"))?;
        daemon.set_timeout(Some(LIMIT))?;
        transact(&daemon, configuration)
    }

    /// Where its sockets and its state are.
    pub fn run_directory(&self) -> &Path {
        &self.run_directory
    }

    /// What every `bondd` of this story has written.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.run_directory.join("bondd.log")
    }

    /// `show lacp` of the bond.
    pub fn lacp(&self) -> Result<LacpStatus> {
        first(&self.run_directory, Noun::Lacp)
    }

    /// `show bond`.
    pub fn bond(&self) -> Result<Status> {
        bond(&self.run_directory)
    }

    /// Waits until `bondd` sends by exactly these cables.
    pub fn wait_for_own(&self, cables: &[usize]) -> Result<()> {
        wait_for(|| uses_exactly(&self.run_directory, cables))
    }

    /// Waits until both sides use exactly these cables.
    pub fn wait_for_cables(&self, cables: &[usize]) -> Result<()> {
        wait_for_cables(&self.lab, &self.run_directory, cables)
    }
}

/// `show bond` of the `bondd` that runs there.
pub fn bond(run_directory: &Path) -> Result<Status> {
    first(run_directory, Noun::Bond)
}

/// Waits until the switch and the `bondd` in `run_directory` use exactly these cables.
pub fn wait_for_cables(lab: &Lab, run_directory: &Path, cables: &[usize]) -> Result<()> {
    wait_for(|| {
        uses_exactly(run_directory, cables)?;
        switch_uses_exactly(lab, cables)
    })
}

/// Waits until the switch sends by exactly these cables.
pub fn wait_for_switch(lab: &Lab, cables: &[usize]) -> Result<()> {
    wait_for(|| switch_uses_exactly(lab, cables))
}

fn wait_for(probe: impl FnMut() -> Result<()>) -> Result<()> {
    wait::until_ok(LIMIT, probe)
}

/// An error unless `bondd` sends by exactly these cables.
pub fn uses_exactly(run_directory: &Path, cables: &[usize]) -> Result<()> {
    let members = bond(run_directory)?.members;
    let usable = members.iter().filter(|member| member.usable);
    let names: Vec<&str> = usable.map(|member| member.name.as_str()).collect();
    let wanted: Vec<&str> = cables.iter().map(|cable| MEMBERS[*cable]).collect();
    ensure!(names == wanted, "bondd uses {names:?}, not {wanted:?}");
    Ok(())
}

fn switch_uses_exactly(lab: &Lab, cables: &[usize]) -> Result<()> {
    let bond = lab.switch.bond()?;
    let names = bond.enabled();
    let wanted: Vec<&str> = cables.iter().map(|cable| SWITCH_PORTS[*cable]).collect();
    ensure!(names == wanted, "the switch uses {names:?}, not {wanted:?}");
    Ok(())
}

/// The first item of an answer: the lab has one bond.
fn first<T: DeserializeOwned>(run_directory: &Path, noun: Noun) -> Result<T> {
    let mut items = ipc::show(run_directory, noun, Duration::from_secs(5))?;
    Ok(items.next().context("no bond")??)
}
