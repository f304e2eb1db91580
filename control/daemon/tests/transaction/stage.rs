//! A ctld in a directory of its own, and its daemons.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use control::config;
use control::configure::{self, Commit, ConfigureError};
use control::ipc;
use control::show::{ConfigurationItem, Noun};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sys::packet::Packet;
use tempfile::TempDir;
use tests::{daemon, wait};

use crate::crowd::{self, Daemon};

/// More than anything takes, so that a hang ends as a failure.
pub const BOUND: Duration = Duration::from_secs(60);

/// A configuration like others, with a weight to tell it by.
pub fn text(weight: u32) -> String {
    let text = format!(
        r#"[bond.bond0]
mode = 4
members = ["eth1", "eth2"]
[service.web]
protocol = "tcp"
address = "10.80.1.100:80"
method = "nat"
scheduler = "rr"
[service.web.real."10.80.2.11:80"]
weight = {weight}
"#
    );
    canonical(&text)
}

pub fn canonical(text: &str) -> String {
    config::print(&config::parse("test", text).expect("legal"))
}

/// `ctld --mend` of this file, with `run` for `/run`.
pub fn mending(file: &Path, run: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ctld"));
    command.arg("--mend");
    command.arg("--config").arg(file).arg("--run").arg(run);
    command
}

pub struct Stage {
    pub folder: TempDir,
    pub daemons: Vec<Daemon>,
    ctld: Option<daemon::Daemon>,
}

impl Stage {
    /// With `text(2)` running, and all daemons there.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        fs::write(folder.path().join("appliance.toml"), text(2)).expect("written");
        let daemons = crowd::start(&folder.path().join("appliance.toml"), folder.path());
        let mut stage = Self {
            folder,
            daemons,
            ctld: None,
        };
        stage.start();
        stage.settled();
        stage
    }

    /// Returns when every daemon has been given the running configuration: only then are requests
    /// answered.
    pub fn settled(&self) {
        configure::compare(self.folder.path(), "new.toml", &text(2)).expect("an answer");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn daemon(&mut self, name: &str) -> &mut Daemon {
        let named = self.daemons.iter_mut().find(|one| one.name() == name);
        named.expect("a daemon of this name")
    }

    /// Starts ctld; returns when it takes calls.
    pub fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctld"));
        command
            .arg("--config")
            .arg(self.path("appliance.toml"))
            .arg("--socket")
            .arg(self.path("ctld.sock"));
        let mut ctld = daemon::Daemon::start("ctld", command, &self.path("log")).expect("a ctld");
        wait::until("ctld's socket", BOUND, || {
            assert_eq!(ctld.ended(), None, "ctld ended:\n{}", self.log());
            Packet::connect(self.path("ctld.sock")).ok()
        })
        .expect("a ctld that listens");
        self.ctld = Some(ctld);
    }

    /// Runs `ctld --mend`; gives what it says and its exit status.
    pub fn mend(&self) -> (String, Option<i32>) {
        let command = mending(&self.path("appliance.toml"), &self.path("run")).output();
        let output = command.expect("a ctld");
        let said = String::from_utf8(output.stderr).expect("text");
        (said, output.status.code())
    }

    /// What `ctld --mend` has left for this boot, a line each.
    pub fn notices(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("run/notices/configuration"));
        text.unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Kills ctld, stopped or not.
    pub fn kill(&mut self) {
        drop(self.ctld.take());
    }

    pub fn terminate(&mut self) {
        let mut ctld = self.ctld.take().expect("a ctld");
        let status = ctld.stop(BOUND).expect("an end");
        assert!(status.success(), "{status}:\n{}", self.log());
    }

    /// Makes ctld stop itself at this step.
    pub fn hold(&self, step: &str) {
        fs::write(self.path("hold"), format!("ctld/{step}")).expect("written");
    }

    /// Returns when ctld has stopped itself.
    pub fn held(&self) {
        let stat = format!("/proc/{}/stat", self.pid());
        wait::until("ctld to stop itself", BOUND, || {
            let stat = fs::read_to_string(&stat).expect("a process");
            let (_, state) = stat.rsplit_once(") ")?;
            state.starts_with('T').then_some(())
        })
        .expect("a step that is reached");
        fs::remove_file(self.path("hold")).expect("removed");
    }

    pub fn go_on(&self) {
        kill(self.pid(), Signal::SIGCONT).expect("a process");
    }

    /// ctld's process.
    pub fn pid(&self) -> Pid {
        let pid = self.ctld.as_ref().expect("a ctld").pid();
        Pid::from_raw(i32::try_from(pid).expect("a pid"))
    }

    pub fn commit(&self, text: &str) -> Result<Commit, ConfigureError> {
        configure::commit(self.folder.path(), "new.toml", text, None, None)
    }

    pub fn commit_confirmed(&self, text: &str, minutes: u32) -> Result<Commit, ConfigureError> {
        let comment = Some("a trial");
        configure::commit(self.folder.path(), "new.toml", text, Some(minutes), comment)
    }

    pub fn rollback(&self, commits: u32) -> Result<Commit, ConfigureError> {
        configure::rollback(self.folder.path(), commits)
    }

    pub fn confirm(&self) -> Result<u64, ConfigureError> {
        configure::confirm(self.folder.path())
    }

    /// What ctld shows.
    pub fn shown(&self) -> String {
        let items = ipc::show::<ConfigurationItem>(self.folder.path(), Noun::Configuration, BOUND);
        let items = items.expect("an answer");
        items
            .map(|item| item.expect("an item").line + "\n")
            .collect()
    }

    pub fn file(&self) -> String {
        fs::read_to_string(self.path("appliance.toml")).expect("the running file")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The file and every daemon have this text, ctld shows it, and nothing is left half done.
    pub fn runs(&self, text: &str) {
        assert_eq!(self.file(), text, "the running file\n{}", self.log());
        assert_eq!(self.shown(), text, "what ctld shows\n{}", self.log());
        for daemon in &self.daemons {
            assert_eq!(daemon.running(), text, "{}\n{}", daemon.name(), self.log());
            // Nobody waits for a daemon that hung: it hears in its own time that it is over.
            let over = wait::until("what was prepared to be over", BOUND, || {
                (!daemon.owes()).then_some(())
            });
            over.unwrap_or_else(|_| panic!("{} has something prepared", daemon.name()));
        }
        assert!(!self.path("journal").exists(), "the journal is left");
        assert!(!self.path("appliance.toml.new").exists(), "a half file");
    }
}
