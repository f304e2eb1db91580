//! FRR in a network namespace: zebra and one of its protocol daemons.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::unistd::User;

use crate::daemon::Daemon;
use crate::namespace::Namespace;
use crate::{run, wait};

/// How long zebra may take to listen.
const LIMIT: Duration = Duration::from_secs(20);

/// zebra and a protocol daemon; dropping it kills them.
#[derive(Debug)]
pub struct Frr {
    /// The protocol daemon.
    pub daemon: Daemon,
    _zebra: Daemon,
    room: PathBuf,
}

impl Frr {
    /// Starts zebra and then `daemon` with this configuration; what they make lies in `room`.
    pub fn start(
        namespace: &Namespace,
        room: &Path,
        daemon: &str,
        configuration: &str,
    ) -> Result<Self> {
        let user = User::from_name("frr")?.context("FRR's user")?;
        chown(room, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        fs::write(room.join("zebra.conf"), "")?;
        fs::write(room.join(format!("{daemon}.conf")), configuration)?;
        let start = |name: &str| {
            let command = command(namespace, name, room);
            Daemon::start(name, command, &room.join("log"))
        };
        let zebra = start("zebra")?;
        wait::until("zebra", LIMIT, || {
            room.join("zebra.vty").exists().then_some(())
        })?;
        Ok(Self {
            daemon: start(daemon)?,
            _zebra: zebra,
            room: room.to_owned(),
        })
    }

    /// What the daemons have logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.room.join("log")).unwrap_or_default()
    }

    /// Gives the protocol daemon commands as its operator does; what it says.
    pub fn vtysh(&self, commands: &[&str]) -> Result<String> {
        let mut vtysh = Command::new("vtysh");
        vtysh.arg("--vty_socket").arg(&self.room);
        for line in commands {
            vtysh.args(["-c", line]);
        }
        run::output(&mut vtysh)
    }
}

fn command(namespace: &Namespace, name: &str, room: &Path) -> Command {
    let mut command = namespace.command(&format!("/usr/lib/frr/{name}"));
    command.arg("-f").arg(room.join(format!("{name}.conf")));
    command.arg("-i").arg(room.join(format!("{name}.pid")));
    command.arg("-z").arg(room.join("zserv.sock"));
    command.arg("--vty_socket").arg(room);
    command.args(["-u", "frr", "-g", "frr", "-P", "0", "--log", "stdout"]);
    command
}
