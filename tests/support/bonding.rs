//! A bond of any mode and size behind the [`switch`](crate::switch), in network namespaces: a client,
//! the appliance with up to eight cables, a real server, and members cut and silenced at will.
//!
//! ```text
//! client ─┐            ┌─ eth1 ─┐
//! real ───┴─ [switch] ─┼─ …     ├─ bond0 of the appliance
//!                      └─ ethN ─┘
//! ```
//! Which group the members form on the switch follows the mode: none for those with an active member, LACP for
//! 802.3ad, a static LAG for the others. Needs root.

mod echo;
mod load;
mod stream;
mod tally;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use bond::{LacpRate, Mode};
use wire::Mac;

use crate::appliance::Appliance;
use crate::host;
use crate::lab::directory::{self, Directory};
use crate::namespace::Namespace;
use crate::switch::packet::PacketSocket;
use crate::switch::{Config, Direction, Switch};
use crate::{run, wait};

pub use echo::Echo;
pub use load::{Load, Told};
pub use stream::Stream;
pub use tally::{Count, Tally};

/// How long anything may take that is waited for.
pub const LIMIT: Duration = Duration::from_secs(20);
/// The bond's address in the client's network.
pub const BOND: Ipv4Addr = Ipv4Addr::new(10, 90, 0, 1);
/// The bond's IPv6 address in the client's network.
pub const BOND_V6: Ipv6Addr = Ipv6Addr::new(0xfd90, 0, 0, 0, 0, 0, 0, 1);
/// The client's address.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 90, 0, 10);
/// The service's address, in the client's network.
pub const VIP: Ipv4Addr = Ipv4Addr::new(10, 90, 0, 100);
/// The bond's address in the real server's network, its default gateway.
const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 90, 1, 1);
/// The real server's address.
pub const REAL: Ipv4Addr = Ipv4Addr::new(10, 90, 1, 11);
const PORT: u16 = 80;
const GROUP: &str = "lag";

/// A raised lab. Its fields are dropped from top to bottom.
#[derive(Debug)]
pub struct Bonding {
    appliance: Appliance,
    switch: Switch,
    members: Vec<Member>,
    /// Where the appliance runs.
    pub boxed: Namespace,
    /// Where the client is.
    pub client: Namespace,
    /// Where the real server is.
    pub real: Namespace,
    switching: Namespace,
    directory: Directory,
}

#[derive(Debug)]
struct Member {
    /// The appliance's end.
    name: String,
    /// The switch's end, and its port.
    port: String,
}

impl Bonding {
    /// Raises everything and waits until every member carries traffic. `options` are further lines of
    /// the bond's table.
    pub fn raise(binaries: &Path, mode: Mode, members: usize, options: &str) -> Result<Self> {
        directory::sweep();
        let directory = Directory::create()?;
        let create = |role: &str| Namespace::create(&directory.namespace(role));
        let (switching, boxed) = (create("switch")?, create("box")?);
        let (client, real) = (create("client")?, create("real")?);
        let members: Vec<Member> = (1..=members)
            .map(|number| Member {
                name: format!("eth{number}"),
                port: format!("m{number}"),
            })
            .collect();
        host::prepare_switch(&switching)?;
        for (end, port, address) in [(&client, "client", CLIENT), (&real, "real", REAL)] {
            host::attach(end, &switching, port)?;
            end.ip(&[format!("address add {address}/24 dev {}", host::INTERFACE)])?;
        }
        real.ip(&[format!("route add default via {INSIDE}")])?;
        for Member { name, port } in &members {
            let there = boxed.name();
            switching.ip(&[
                format!("link add name {port} type veth peer name {name} netns {there}"),
                format!("link set dev {port} up"),
            ])?;
        }
        let switch = start_switch(&switching, mode, &members)?;
        let configuration = configuration(mode, &members, options);
        let room = directory.room("box")?;
        let lab = Self {
            appliance: Appliance::start(&boxed, binaries, &room, &configuration)?,
            switch,
            members,
            boxed,
            client,
            real,
            switching,
            directory,
        };
        lab.wait_for_members()?;
        Ok(lab)
    }

    /// Another host in the client's network, on the client's cable: 10.90.0.`number` and
    /// fd90::`number` in hexadecimal.
    pub fn add_client(&self, number: u8) -> Result<Namespace> {
        let namespace = Namespace::create(&self.directory.namespace(&format!("client{number}")))?;
        namespace.sysctl(&host::COMMON)?;
        let (name, interface) = (namespace.name(), host::INTERFACE);
        self.client.ip(&[format!(
            "link add link {interface} name {interface} netns {name} type macvlan mode private"
        )])?;
        namespace.ip(&[
            format!("address add 10.90.0.{number}/24 dev {interface}"),
            format!("address add fd90::{number:x}/64 dev {interface} nodad"),
            format!("link set dev {interface} up"),
        ])?;
        Ok(namespace)
    }

    /// Lets every cable but the members carry packets of so many bytes; the members' own ends get theirs
    /// from the bond.
    pub fn set_mtu(&self, mtu: u16) -> Result<()> {
        let ports = self.members.iter().map(|member| member.port.as_str());
        let lines = ports
            .chain(["client", "real"])
            .map(|port| format!("link set dev {port} mtu {mtu}"));
        self.switching.ip(&lines.collect::<Vec<_>>())?;
        for host in [&self.client, &self.real] {
            host.ip(&[format!("link set dev {} mtu {mtu}", host::INTERFACE)])?;
        }
        Ok(())
    }

    /// A directory of this lab for a part of its own.
    pub fn room(&self, name: &str) -> Result<PathBuf> {
        self.directory.room(name)
    }

    /// Which station the switch has behind which member, by the member's place.
    pub fn stations(&self) -> Vec<(usize, Mac)> {
        let stations = self.switch.fdb().into_iter();
        let placed = stations.filter_map(|station| {
            let mut members = self.members.iter();
            let member = members.position(|member| member.port == station.at)?;
            Some((member, station.mac))
        });
        placed.collect()
    }

    /// Frames that a member received and sent, as the forwarder counts them.
    pub fn frames(&self, member: usize) -> Result<(u64, u64)> {
        let name = &self.members.get(member).context("no such member")?.name;
        let shown = self.appliance.show("ports")?;
        let ports = shown["ports"].as_array().context("ports")?;
        let own = ports.iter().filter(|port| port["name"] == **name);
        let count = |key: &str| own.clone().filter_map(|port| port[key].as_u64()).sum();
        Ok((count("rx_frames"), count("tx_frames")))
    }

    /// The MAC of a member's NIC.
    pub fn mac(&self, member: usize) -> Result<Mac> {
        let name = &self.members.get(member).context("no such member")?.name;
        let mut ip = self.boxed.command("ip");
        let line = run::output(ip.args(["-br", "link", "show", name]))?;
        let mac = line.split_whitespace().nth(2).context("a MAC")?;
        Ok(mac.parse()?)
    }

    /// The appliance.
    pub const fn appliance(&self) -> &Appliance {
        &self.appliance
    }

    /// Where the service is.
    pub fn service(&self) -> SocketAddr {
        (VIP, PORT).into()
    }

    /// Where the real server listens.
    pub fn real_address(&self) -> SocketAddr {
        (REAL, PORT).into()
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// Pulls a member's cable: both ends lose carrier.
    pub fn cut(&self, member: usize) -> Result<()> {
        let port = self.port(member)?;
        self.switching.ip(&[format!("link set dev {port} down")])?;
        self.switch.set_carrier(port, false)
    }

    /// Loses every frame of a member both ways; both ends keep carrier.
    pub fn silence(&self, member: usize) -> Result<()> {
        self.switch.cut(self.port(member)?, Direction::Both)
    }

    /// Has every frame that the appliance sends by a member arrive so much later.
    pub fn slow(&self, member: usize, delay: Duration) -> Result<()> {
        self.switch.delay(self.port(member)?, Direction::In, delay)
    }

    /// Makes a member whole and waits until all carry traffic.
    pub fn heal(&self, member: usize) -> Result<()> {
        let port = self.port(member)?;
        self.switching.ip(&[format!("link set dev {port} up")])?;
        self.switch.set_carrier(port, true)?;
        self.switch.heal(port)?;
        self.wait_for_members()
    }

    fn port(&self, member: usize) -> Result<&str> {
        let member = self.members.get(member).context("no such member")?;
        Ok(&member.port)
    }

    /// Waits until bond and switch use every member that they could.
    fn wait_for_members(&self) -> Result<()> {
        wait::until("every member to carry traffic", LIMIT, || {
            (self.is_bond_whole().unwrap_or(false) && self.is_group_whole()).then_some(())
        })
    }

    fn is_bond_whole(&self) -> Result<bool> {
        let shown = self.appliance.show("bond")?;
        let members = shown["bond"][0]["members"].as_array().context("members")?;
        // A backup is as good as it gets.
        let is_ready = |member: &&serde_json::Value| {
            member["usable"] == true || member["why"] == bond::Why::Backup.name()
        };
        Ok(members.iter().filter(is_ready).count() == self.members.len())
    }

    fn is_group_whole(&self) -> bool {
        let status = self.switch.status();
        status
            .groups
            .iter()
            .all(|group| group.carrying.len() == self.members.len())
    }
}

/// The MAC that a host knows an address by.
pub fn known_by(host: &Namespace, address: &str) -> Result<String> {
    let mut ip = host.command("ip");
    let line = run::output(ip.args(["neigh", "show", address]))?;
    let mut words = line.split_whitespace();
    let mac = words
        .find(|word| *word == "lladdr")
        .and_then(|_| words.next());
    Ok(mac.with_context(|| line.clone())?.to_owned())
}

fn start_switch(switching: &Namespace, mode: Mode, members: &[Member]) -> Result<Switch> {
    let ports: Vec<&str> = members.iter().map(|member| member.port.as_str()).collect();
    let mut config = Config::new();
    for port in ports.iter().copied().chain(["client", "real"]) {
        let socket = switching.inside(|| PacketSocket::open(port))?;
        config = config.socket(port, socket.into());
    }
    Switch::start(match mode {
        Mode::ActiveBackup | Mode::BalanceTlb | Mode::BalanceAlb => config,
        Mode::BalanceRr | Mode::BalanceXor | Mode::Broadcast => config.static_lag(GROUP, &ports),
        Mode::Ieee8023ad => config.lacp(GROUP, LacpRate::Fast, &ports),
    })
}

fn configuration(mode: Mode, members: &[Member], options: &str) -> String {
    let names: Vec<String> = members
        .iter()
        .map(|member| format!("\"{}\"", member.name))
        .collect();
    format!(
        "[bond.bond0]\nmode = \"{mode}\"\nmembers = [{}]\naddresses = [\"{BOND}/24\", \"{BOND_V6}/64\", \"{INSIDE}/24\"]\n\
         {options}\n[service.web]\nprotocol = \"tcp\"\naddress = \"{VIP}:{PORT}\"\nmethod = \"nat\"\n\
         scheduler = \"rr\"\n[service.web.real.\"{REAL}:{PORT}\"]\n",
        names.join(", ")
    )
}
