//! Two boxes of ours, back to back by cables that can be cut, with and without their forwarders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bond::{Status, Why};
use control::ipc;
use control::show::{BfdItem, BfdState, Noun};
use serde::de::DeserializeOwned;
use tests::appliance::binaries;
use tests::cable::{self, Cable, End};
use tests::daemon::Daemon;
use tests::lab::directory::Directory;
use tests::namespace::Namespace;
use tests::wait;

/// The members of either bond.
pub const MEMBERS: [&str; 3] = ["eth1", "eth2", "eth3"];
/// LACP at the fast rate takes some seconds; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(30);

/// One of the two.
pub struct Side {
    bondd: Option<Daemon>,
    _lvsd: Option<Daemon>,
    pub namespace: Namespace,
    room: PathBuf,
}

/// Both, and what joins them.
pub struct Ends {
    pub boxes: [Side; 2],
    pub cables: Vec<Cable>,
    _wires: Namespace,
    _directory: Directory,
}

/// What is configured of micro-BFD at an end whose addresses are these.
pub fn micro_bfd(local: &str, remote: &str) -> String {
    format!("[bond.bond0.micro_bfd]\nlocal_address = \"{local}\"\nremote_address = \"{remote}\"\n")
}

/// The addresses of the two ends.
pub const ADDRESSES: [&str; 2] = ["10.99.0.1", "10.99.0.2"];

/// Both ends with micro-BFD between [`ADDRESSES`].
pub fn both() -> [String; 2] {
    let [left, right] = ADDRESSES;
    [micro_bfd(left, right), micro_bfd(right, left)]
}

impl Ends {
    /// Both ends laid, their daemons not started; `extra` is what each has beside its bond.
    pub fn lay(extra: &[String; 2]) -> Result<Self> {
        let directory = Directory::create()?;
        let namespace = |role: &str| Namespace::create(&directory.namespace(role));
        let (left, right) = (namespace("bfd-left")?, namespace("bfd-right")?);
        let wires = namespace("bfd-cable")?;
        cable::prepare(&wires)?;
        let lay = |(number, name): (u8, &&str)| {
            Cable::lay(
                &wires,
                number,
                End::new(&left, name),
                End::new(&right, name),
            )
        };
        let cables = (1..).zip(&MEMBERS).map(lay).collect::<Result<Vec<_>>>()?;
        let one = |namespace, room: &str, extra: &str| -> Result<Side> {
            let room = directory.room(room)?;
            fs::write(room.join("appliance.toml"), configuration(extra))?;
            Ok(Side {
                bondd: None,
                _lvsd: None,
                namespace,
                room,
            })
        };
        Ok(Self {
            boxes: [
                one(left, "bfd-left", &extra[0])?,
                one(right, "bfd-right", &extra[1])?,
            ],
            cables,
            _wires: wires,
            _directory: directory,
        })
    }

    /// Both ends with bondd, every session up and every member used.
    pub fn up() -> Result<Self> {
        let mut ends = Self::lay(&both())?;
        for end in &mut ends.boxes {
            end.start()?;
        }
        ends.wait_for_all()?;
        Ok(ends)
    }

    /// Waits until every session is up and every member is used at both ends.
    pub fn wait_for_all(&self) -> Result<()> {
        self.boxes.iter().try_for_each(|end| {
            end.wait_for(&MEMBERS)?;
            let sessions = end.sessions()?;
            let is_up = |item: &BfdItem| state(item) == Some(BfdState::Up);
            ensure!(
                sessions.len() == 3 && sessions.iter().all(is_up),
                "{sessions:?}"
            );
            Ok(())
        })
    }
}

/// The state of a member's session.
pub fn state(item: &BfdItem) -> Option<BfdState> {
    item.session.map(|session| session.state)
}

fn configuration(extra: &str) -> String {
    let members = MEMBERS.map(|member| format!("\"{member}\"")).join(", ");
    format!(
        "[bond.bond0]\nmode = \"802.3ad\"\nmembers = [{members}]\nlacp_rate = \"fast\"\n\
         xmit_hash_policy = \"layer3+4\"\n{extra}"
    )
}

impl Side {
    fn command(&self, daemon: &str) -> Result<Command> {
        let program = binaries()?.join(daemon);
        ensure!(program.is_file(), "{} is not built", program.display());
        let mut command = self.namespace.command(&program.display().to_string());
        command
            .arg("--config")
            .arg(self.room.join("appliance.toml"))
            .arg("--socket")
            .arg(self.room.join(format!("{daemon}.sock")));
        Ok(command)
    }

    fn daemon(&self, name: &str) -> Result<Daemon> {
        Daemon::start(name, self.command(name)?, &self.log_file())
    }

    /// Starts bondd and waits until it answers.
    pub fn start(&mut self) -> Result<()> {
        self.bondd = Some(self.daemon("bondd")?);
        wait::until_ok(LIMIT, || self.bond()).with_context(|| self.log())?;
        Ok(())
    }

    /// Starts the forwarder with these addresses on the bond.
    pub fn forward(&mut self, addresses: &[String]) -> Result<()> {
        self._lvsd = Some(self.daemon("lvsd")?);
        wait::until_ok(LIMIT, || {
            let interfaces = self.namespace.interfaces()?;
            ensure!(interfaces.iter().any(|name| name == "bond0"), "no bond0");
            Ok(())
        })
        .with_context(|| self.log())?;
        let add = |address: &String| format!("address add {address}/24 dev bond0");
        let mut lines: Vec<String> = addresses.iter().map(add).collect();
        lines.push("link set dev bond0 up".to_owned());
        self.namespace.ip(&lines)
    }

    /// SIGKILL, and a successor at once.
    pub fn restart(&mut self) -> Result<()> {
        drop(self.bondd.take());
        self.start()
    }

    /// SIGTERM.
    pub fn stop(&mut self) -> Result<()> {
        let mut bondd = self.bondd.take().context("bondd does not run")?;
        bondd.stop(LIMIT)?;
        Ok(())
    }

    fn log_file(&self) -> PathBuf {
        self.room.join("log")
    }

    /// What its daemons said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn shown<T: DeserializeOwned>(&self, noun: Noun) -> Result<Vec<T>> {
        let room: &Path = &self.room;
        ipc::show(room, noun, Duration::from_secs(5))?
            .map(|item| Ok(item?))
            .collect()
    }

    /// `show bond`.
    pub fn bond(&self) -> Result<Status> {
        self.shown(Noun::Bond)?.pop().context("no bond")
    }

    /// `show bfd`.
    pub fn sessions(&self) -> Result<Vec<BfdItem>> {
        self.shown(Noun::Bfd)
    }

    /// Waits until exactly these members are used.
    pub fn wait_for(&self, members: &[&str]) -> Result<()> {
        wait::until_ok(LIMIT, || {
            let used = self.used()?;
            ensure!(used == members, "{used:?} are used, not {members:?}");
            Ok(())
        })
        .with_context(|| self.log())
    }

    /// The members that are used.
    pub fn used(&self) -> Result<Vec<String>> {
        let members = self.bond()?.members.into_iter();
        Ok(members.filter(|m| m.usable).map(|m| m.name).collect())
    }

    /// How long after `start` micro-BFD takes a member out, asked every millisecond or so.
    pub fn until_out(&self, member: usize, start: Instant) -> Result<Duration> {
        loop {
            let status = &self.bond()?.members[member];
            if !status.usable {
                let took = start.elapsed();
                ensure!(status.carrier, "it has carrier");
                ensure!(status.why == Some(Why::PathDown), "{:?}", status.why);
                return Ok(took);
            }
            ensure!(start.elapsed() < LIMIT, "the member is used still");
            // The grain of the measurement, not a wait for something.
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
