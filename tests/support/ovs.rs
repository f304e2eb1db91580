//! The LACP switch: Open vSwitch with its userspace datapath, in a namespace, with a database,
//! sockets and logs of its own. Needs no kernel module and no service of the host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::daemon::Daemon;
use crate::namespace::Namespace;
use crate::{run, wait};

mod lag;
mod monitor;
mod show;
mod table;
mod unixctl;

pub use lag::Lag;
pub use monitor::{Departures, Monitor};
pub use show::{Bond, Lacp, Member};
pub use unixctl::Control;

/// The name of the switch's bridge.
pub const BRIDGE: &str = "br0";
/// The names of the switch's LACP bonds: of box 1, and of box 2.
pub const LAGS: [&str; 2] = ["lag1", "lag2"];
const SCHEMA: &str = "/usr/share/openvswitch/vswitch.ovsschema";

/// How often the partner is asked to send LACPDUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LacpRate {
    /// Each 30 s.
    Slow,
    /// Each second.
    #[default]
    Fast,
}

impl LacpRate {
    /// The word that both Open vSwitch and Linux bonding use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Fast => "fast",
        }
    }
}

/// A running switch.
#[derive(Debug)]
pub struct Switch {
    room: PathBuf,
    _database: Daemon,
    _switch: Daemon,
}

impl Switch {
    /// Starts Open vSwitch inside `namespace`, with its files below `room`.
    pub fn start(namespace: &Namespace, room: &Path) -> Result<Self> {
        let database_file = room.join("conf.db");
        run::output(
            run::program("ovsdb-tool")
                .arg("create")
                .arg(&database_file)
                .arg(SCHEMA),
        )?;
        let database = Self::start_database(namespace, room, &database_file)?;
        let switch = Self::start_vswitchd(namespace, room)?;
        let started = Self {
            room: room.to_owned(),
            _database: database,
            _switch: switch,
        };
        // The switch answers once it has applied the database's first contents.
        started.vsctl(&[
            "add-br",
            BRIDGE,
            "--",
            "set",
            "bridge",
            BRIDGE,
            "datapath_type=netdev",
            "fail-mode=standalone",
        ])?;
        // Addresses that move are learned by revalidation, each 500 ms unless told otherwise; less than
        // 100 ms counts as not told.
        started.vsctl(&[
            "set",
            "Open_vSwitch",
            ".",
            "other_config:max-revalidator=100",
        ])?;
        Ok(started)
    }

    fn start_database(namespace: &Namespace, room: &Path, file: &Path) -> Result<Daemon> {
        let socket = room.join("db.sock");
        let mut command = in_room(namespace.command("ovsdb-server"), room);
        command
            .arg(file)
            .arg(format!("--remote=punix:{}", socket.display()));
        command.args(own_files(room, "ovsdb"));
        let daemon = Daemon::start("ovsdb-server", command, &room.join("ovsdb.output"))?;
        wait::until("ovsdb-server's socket", Duration::from_secs(10), || {
            socket.exists().then_some(())
        })?;
        let mut initialise = run::program("ovs-vsctl");
        run::output(initialise.arg(remote(room)).args(["--no-wait", "init"]))?;
        Ok(daemon)
    }

    fn start_vswitchd(namespace: &Namespace, room: &Path) -> Result<Daemon> {
        let mut command = in_room(namespace.command("ovs-vswitchd"), room);
        command.arg(format!("unix:{}", room.join("db.sock").display()));
        command.args(own_files(room, "vswitchd"));
        Daemon::start("ovs-vswitchd", command, &room.join("vswitchd.output"))
    }

    /// Adds an access port: an interface that is in the switch's namespace already.
    pub fn add_port(&self, interface: &str) -> Result<()> {
        self.vsctl(&["add-port", BRIDGE, interface])
    }

    /// Adds the LACP bond `lag` of `members`: active, balance-tcp, no rebalancing (so that a flow
    /// moves only when its member goes).
    pub fn add_bond(&self, lag: &str, members: &[impl AsRef<str>], rate: LacpRate) -> Result<()> {
        let mut words = vec!["add-bond", BRIDGE, lag];
        words.extend(members.iter().map(AsRef::as_ref));
        let rate = format!("other_config:lacp-time={}", rate.word());
        words.extend([
            "bond_mode=balance-tcp",
            "lacp=active",
            "--",
            "set",
            "port",
            lag,
        ]);
        words.extend([rate.as_str(), "other_config:bond-rebalance-interval=0"]);
        self.vsctl(&words)
    }

    /// From here on the bond `lag` speaks LACP only when spoken to.
    pub fn be_passive(&self, lag: &str) -> Result<()> {
        self.vsctl(&["set", "port", lag, "lacp=passive"])
    }

    /// Makes plain ports of the members of the bond `lag`.
    pub fn dissolve_bond(&self, lag: &str, members: &[&str]) -> Result<()> {
        self.vsctl(&["del-port", BRIDGE, lag])?;
        members.iter().try_for_each(|member| self.add_port(member))
    }

    /// One of its bonds.
    pub fn lag(&self, name: &'static str) -> Lag {
        Lag::new(self.control(), name, self.log_file())
    }

    /// What the switch says of the first box's bond (`bond/show`).
    pub fn bond(&self) -> Result<Bond> {
        self.lag(LAGS[0]).bond()
    }

    /// What the switch says of the first box's LACP (`lacp/show`).
    pub fn lacp(&self) -> Result<Lacp> {
        self.lag(LAGS[0]).lacp()
    }

    /// Starts to watch whether a member or the bond of the first box is ever seen to leave.
    pub fn monitor(&self) -> Result<Monitor> {
        self.lag(LAGS[0]).monitor()
    }

    /// The port or bond member behind which it has seen `mac` last; `None` when it knows of none.
    pub fn location_of(&self, mac: [u8; 6]) -> Result<Option<String>> {
        table::locate(&self.control(), mac)
    }

    /// Its control socket.
    pub fn control(&self) -> Control {
        Control::new(self.room.join("vswitchd.ctl"))
    }

    /// What it has logged since it started.
    pub fn log(&self) -> Result<String> {
        let log = self.log_file();
        fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))
    }

    fn log_file(&self) -> PathBuf {
        self.room.join("vswitchd.log")
    }

    /// Sends one frame, exactly as given, out of a port or bond member.
    pub fn send(&self, interface: &str, frame: &[u8]) -> Result<()> {
        let bytes: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        let bridge = format!(
            "unix:{}",
            self.room.join(format!("{BRIDGE}.mgmt")).display()
        );
        let request = format!("in_port=controller packet={bytes} actions=output:{interface}");
        run::output(run::program("ovs-ofctl").args(["packet-out", &bridge, &request]))?;
        Ok(())
    }

    fn vsctl(&self, words: &[&str]) -> Result<()> {
        let mut command = run::program("ovs-vsctl");
        run::output(
            command
                .arg(remote(&self.room))
                .arg("--timeout=20")
                .args(words),
        )?;
        Ok(())
    }
}

/// Directs what a program would keep in system directories into the room.
fn in_room(mut command: Command, room: &Path) -> Command {
    for variable in ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"] {
        command.env(variable, room);
    }
    command
}

fn own_files(room: &Path, name: &str) -> [String; 3] {
    let file = |extension: &str| {
        room.join(format!("{name}.{extension}"))
            .display()
            .to_string()
    };
    [
        format!("--pidfile={}", file("pid")),
        format!("--unixctl={}", file("ctl")),
        format!("--log-file={}", file("log")),
    ]
}

fn remote(room: &Path) -> String {
    format!("--db=unix:{}", room.join("db.sock").display())
}
