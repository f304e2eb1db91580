//! Our `vrrpd` on a [`Segment`], with a stand-in for lvsd, and what it says.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use control::ipc;
use control::show::{DropItem, Noun};
use serde::de::DeserializeOwned;
use sys::packet::Packet;
use tests::appliance::binaries;
use tests::daemon::Daemon;
use tests::wait;
use vrrp::{Family, Peer, State, Status, WhyItem};

use super::segment::{BOND, MEMBER, Segment, virtual_addresses};
use super::standin::StandIn;

/// Longer than any election here takes; the machine may be busy.
pub const LIMIT: Duration = Duration::from_secs(15);
/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a story wants of our virtual router 51.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The family.
    pub family: Family,
    /// Its priority.
    pub priority: u8,
    /// Whether it preempts.
    pub preempt: bool,
}

impl Wish {
    /// A virtual router with this priority that does not preempt.
    pub const fn new(family: Family, priority: u8) -> Self {
        Self {
            family,
            priority,
            preempt: false,
        }
    }
}

/// The configuration for a wish, with adverts every 100 ms, and whatever else stands in `more`.
pub fn configuration(wish: Wish, more: &str) -> String {
    let addresses = virtual_addresses(wish.family).join("\", \"");
    let mut text = format!(
        "[bond.{BOND}]\nmode = \"active-backup\"\nmembers = [\"{MEMBER}\"]\n\
         [vrrp.inside]\ninterface = \"{BOND}\"\nvirtual_router_id = 51\npriority = {}\n\
         advert_int = 0.1\npreempt = {}\nvirtual_ipaddress = [\"{addresses}\"]\n",
        wish.priority, wish.preempt
    );
    // Writing to a string cannot fail.
    writeln!(text, "{more}").ok();
    text
}

/// A `vrrpd`, dropped before the forwarder it needs.
#[derive(Debug)]
pub struct Ours {
    daemon: Option<Daemon>,
    /// The forwarder, unless the story goes without.
    pub forwarder: Option<StandIn>,
    run_directory: PathBuf,
}

impl Ours {
    /// Started, with a forwarder.
    pub fn start(segment: &Segment, configuration: &str) -> Result<Self> {
        let mut ours = Self::prepare(segment, configuration)?;
        let forwarder = StandIn::start(&ours.run_directory, &segment.ours)?;
        ours.forwarder = Some(forwarder);
        ours.run(segment)?;
        Ok(ours)
    }

    /// Not started, and without a forwarder.
    pub fn prepare(segment: &Segment, configuration: &str) -> Result<Self> {
        let run_directory = segment.room("vrrpd")?;
        fs::write(run_directory.join("appliance.toml"), configuration)?;
        Ok(Self {
            daemon: None,
            forwarder: None,
            run_directory,
        })
    }

    /// Starts `vrrpd`, and waits until it answers.
    pub fn run(&mut self, segment: &Segment) -> Result<()> {
        let vrrpd = binaries()?.join("vrrpd");
        ensure!(vrrpd.is_file(), "{} is not built", vrrpd.display());
        let mut command = segment.ours.command(&vrrpd.display().to_string());
        command
            .arg("--config")
            .arg(self.run_directory.join("appliance.toml"))
            .arg("--socket")
            .arg(self.run_directory.join("vrrpd.sock"));
        self.daemon = Some(Daemon::start("vrrpd", command, &self.log_file())?);
        wait::until_ok(LIMIT, || self.status())
            .with_context(|| format!("vrrpd said:\n{}", self.log()))?;
        Ok(())
    }

    /// SIGKILL: it cannot say goodbye. Returns when it is gone.
    pub fn kill(&mut self) {
        drop(self.daemon.take());
    }

    /// SIGTERM: it says goodbye. Returns when it is gone.
    pub fn stop(&mut self) -> Result<()> {
        let mut daemon = self.daemon.take().context("vrrpd does not run")?;
        let status = daemon.stop(Duration::from_secs(10))?;
        ensure!(status.success(), "vrrpd ended with {status}");
        Ok(())
    }

    /// The stand-in.
    pub fn forwarder(&mut self) -> Result<&mut StandIn> {
        self.forwarder.as_mut().context("no forwarder")
    }

    fn log_file(&self) -> PathBuf {
        self.run_directory.join("vrrpd.log")
    }

    /// What it has written.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// `show vrrp` of the first virtual router.
    pub fn status(&self) -> Result<Status> {
        let mut all = self.statuses()?;
        ensure!(!all.is_empty(), "no virtual router");
        Ok(all.remove(0))
    }

    /// `show vrrp`.
    pub fn statuses(&self) -> Result<Vec<Status>> {
        self.show(Noun::Vrrp)
    }

    /// `show vrrp why`.
    pub fn why(&self) -> Result<Vec<WhyItem>> {
        self.show(Noun::VrrpWhy)
    }

    /// How often a frame was dropped for this reason.
    pub fn dropped(&self, reason: &str) -> Result<u64> {
        let items: Vec<DropItem> = self.ask(r#"{"show":"drops"}"#)?;
        let item = items.iter().find(|item| item.reason == reason);
        Ok(item.with_context(|| format!("no reason {reason}"))?.count)
    }

    fn show<T: DeserializeOwned>(&self, noun: Noun) -> Result<Vec<T>> {
        let items = ipc::show(&self.run_directory, noun, PATIENCE)?;
        Ok(items.collect::<Result<_, _>>()?)
    }

    /// Items of a request that the client library would put to another daemon, or not at all.
    pub fn ask<T: DeserializeOwned>(&self, request: &str) -> Result<Vec<T>> {
        let packet = self.connect()?;
        packet.send(request.as_bytes(), &[])?;
        let mut items = Vec::new();
        loop {
            match serde_json::from_slice(&packet.recv()?.0)? {
                ipc::Answer::Begin(_) => {}
                ipc::Answer::Item(item) => items.push(item),
                ipc::Answer::End(_) => return Ok(items),
                _ => anyhow::bail!("an answer that is none"),
            }
        }
    }

    /// A connection to its socket.
    pub fn connect(&self) -> Result<Packet> {
        let packet = Packet::connect(self.run_directory.join("vrrpd.sock"))?;
        packet.set_timeout(Some(PATIENCE))?;
        Ok(packet)
    }

    /// Waits until the virtual router follows somebody.
    pub fn wait_for_active_router(&self) -> Result<(Status, Peer)> {
        wait::until_ok(LIMIT, || {
            let status = self.status()?;
            let active = status.active.context("no Active router known")?;
            ensure!(
                status.state == State::Backup,
                "{} is {}",
                status.name,
                status.state
            );
            Ok((status, active))
        })
    }

    /// Waits until the virtual router is in this state.
    pub fn wait_for(&self, state: State) -> Result<Status> {
        wait::until_ok(LIMIT, || {
            let status = self.status()?;
            ensure!(status.state == state, "{} is {}", status.name, status.state);
            Ok(status)
        })
        .with_context(|| format!("vrrpd said:\n{}", self.log()))
    }
}
