//! Our appliance and a Debian guest, each with a bond of two members, face to face.
//!
//! ```text
//! client ─ eth2 ┐             ┌ eth0 ═══ eth1 ┐
//!               ├ guest bond0 ┤               ├ bond0 of the appliance
//! real ─── eth3 ┘             └ eth1 ═══ eth2 ┘
//! ```
//! In the modes that a static LAG or LACP faces, the members are cabled one to one; between bonds with an active
//! member there is a plain learning switch. The guest routes for client and real: what they send and get
//! passes its bond as its own traffic does. What the real sends goes to the appliance, as method `nat` wants it.
//! Needs root, and what a guest needs.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bond::Mode;

use super::{Guest, Wire};
use crate::appliance::Appliance;
use crate::host;
use crate::lab::directory::{self, Directory};
use crate::namespace::Namespace;
use crate::switch::packet::PacketSocket;
use crate::switch::{Config, Switch};
use crate::wait;

/// How long an emulated kernel may take for anything that is waited for.
pub const LIMIT: Duration = Duration::from_secs(90);
/// The appliance's address on its bond.
pub const BOND: Ipv4Addr = Ipv4Addr::new(10, 90, 0, 1);
/// The guest's address on its bond.
pub const GUEST_BOND: Ipv4Addr = Ipv4Addr::new(10, 90, 0, 2);
/// The client's address.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 91, 0, 10);
const VIP: Ipv4Addr = Ipv4Addr::new(10, 90, 0, 100);
const REAL: Ipv4Addr = Ipv4Addr::new(10, 91, 1, 11);
/// The guest's addresses towards the client and the real.
const GATEWAYS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 91, 0, 1), Ipv4Addr::new(10, 91, 1, 1)];
const PORT: u16 = 80;
/// Members of each bond.
pub const MEMBERS: usize = 2;
/// The appliance's ends and the switch's ports for them; the guest's NICs are eth0 and eth1.
const OWN: [&str; MEMBERS] = ["eth1", "eth2"];
const OWN_PORTS: [&str; MEMBERS] = ["m1", "m2"];
const GUEST_PORTS: [&str; MEMBERS] = ["g1", "g2"];
/// Who is behind the guest: host's port, guest's port.
const BEHIND: [[&str; 2]; 2] = [["client", "g3"], ["real", "g4"]];

/// At which end a cable is pulled first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The appliance's.
    Appliance,
    /// The guest's, by QEMU's monitor.
    Guest,
}

/// Both, raised. Its fields are dropped from top to bottom.
#[derive(Debug)]
pub struct Facing {
    mode: Mode,
    appliance: Appliance,
    /// The guest.
    pub guest: Guest,
    switch: Switch,
    /// Where the appliance runs.
    pub boxed: Namespace,
    /// Where the client is.
    pub client: Namespace,
    /// Where the real server is.
    pub real: Namespace,
    switching: Namespace,
    _directory: Directory,
}

impl Facing {
    /// Raises both in the same mode and waits until every member carries traffic. `options` are further
    /// lines of the appliance's table, `of_guest` further words of the guest's `ip link add … type bond`.
    pub fn raise(binaries: &Path, mode: Mode, options: &str, of_guest: &str) -> Result<Self> {
        directory::sweep();
        let directory = Directory::create()?;
        let create = |role: &str| Namespace::create(&directory.namespace(role));
        let (switching, boxed) = (create("switch")?, create("box")?);
        let (client, real) = (create("client")?, create("real")?);
        host::prepare_switch(&switching)?;
        let behind = [(&client, CLIENT), (&real, REAL)].into_iter();
        for (((end, address), [port, _]), gateway) in behind.zip(BEHIND).zip(GATEWAYS) {
            host::attach(end, &switching, port)?;
            end.ip(&[
                format!("address add {address}/24 dev {}", host::INTERFACE),
                format!("route add default via {gateway}"),
            ])?;
        }
        for (name, port) in OWN.iter().zip(OWN_PORTS) {
            let there = boxed.name();
            switching.ip(&[
                format!("link add name {port} type veth peer name {name} netns {there}"),
                format!("link set dev {port} up"),
            ])?;
        }
        let wires = directory.room("wires")?;
        let switch = Switch::start(cables(&switching, &wires, mode)?)?;
        let guest_ports = GUEST_PORTS.into_iter().chain(BEHIND.map(|[_, port]| port));
        let nics: Vec<Wire> = guest_ports.map(|port| nic(&wires, port)).collect();
        let mut guest = Guest::boot(&directory.room("guest")?, &nics)?;
        guest.run(&world(mode, of_guest))?;
        let room = directory.room("box")?;
        let mut facing = Self {
            mode,
            appliance: Appliance::start(&boxed, binaries, &room, &configuration(mode, options))?,
            guest,
            switch,
            boxed,
            client,
            real,
            switching,
            _directory: directory,
        };
        facing.wait_for_members()?;
        Ok(facing)
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

    /// Pulls a member's cable out, at this end first. Cabled one to one, the other end loses its carrier
    /// too; behind a switch only this one's does.
    pub fn cut(&mut self, member: usize, end: End) -> Result<()> {
        let other = match end {
            End::Appliance => End::Guest,
            End::Guest => End::Appliance,
        };
        self.set_carrier(member, end, false)?;
        if is_cabled(self.mode) {
            self.set_carrier(member, other, false)?;
        }
        Ok(())
    }

    /// Makes a member whole and waits until all carry traffic.
    pub fn heal(&mut self, member: usize) -> Result<()> {
        self.set_carrier(member, End::Appliance, true)?;
        self.set_carrier(member, End::Guest, true)?;
        self.wait_for_members()
    }

    /// A file of the guest's bond below `/sys/class/net`, as `bond0/bonding/ad_partner_mac`.
    pub fn guest_file(&mut self, file: &str) -> Result<String> {
        self.guest.run(&format!("cat /sys/class/net/{file}"))
    }

    fn set_carrier(&mut self, member: usize, end: End, up: bool) -> Result<()> {
        match end {
            End::Appliance => {
                let port = OWN_PORTS.get(member).context("no such member")?;
                let state = if up { "up" } else { "down" };
                self.switching
                    .ip(&[format!("link set dev {port} {state}")])?;
                self.switch.set_carrier(port, up)
            }
            End::Guest => {
                let port = GUEST_PORTS.get(member).context("no such member")?;
                self.guest.set_link(member, up)?;
                self.switch.set_carrier(port, up)
            }
        }
    }

    /// Waits until both bonds use every member that they could.
    pub fn wait_for_members(&mut self) -> Result<()> {
        wait::until_ok(LIMIT, || {
            self.is_bond_whole()?;
            self.is_guest_whole()
        })
    }

    fn is_bond_whole(&self) -> Result<()> {
        let shown = self.appliance.show("bond")?;
        let members = shown["bond"][0]["members"].as_array().context("members")?;
        let is_ready = |member: &&serde_json::Value| {
            member["usable"] == true || member["why"] == bond::Why::Backup.name()
        };
        let ready = members.iter().filter(is_ready).count();
        ensure!(ready == MEMBERS, "the appliance's members: {members:?}");
        Ok(())
    }

    fn is_guest_whole(&mut self) -> Result<()> {
        let up = self.guest_file("eth[01]/bonding_slave/mii_status")?;
        ensure!(up == "up\nup", "the guest's members: {up}");
        if self.mode == Mode::Ieee8023ad {
            let states = self.guest_file("eth[01]/bonding_slave/ad_partner_oper_port_state")?;
            let is_carrying = |state: &str| {
                state
                    .parse()
                    .is_ok_and(|state: u8| state & CARRIES == CARRIES)
            };
            ensure!(
                states.lines().all(is_carrying),
                "the guest's partner: {states}"
            );
        }
        Ok(())
    }
}

/// IEEE 802.1AX, actor and partner state: Synchronization, Collecting, Distributing.
const CARRIES: u8 = 0b0011_1000;

/// Whether the members are cabled one to one; otherwise a switch is between.
const fn is_cabled(mode: Mode) -> bool {
    match mode {
        Mode::ActiveBackup | Mode::BalanceTlb | Mode::BalanceAlb => false,
        Mode::BalanceRr | Mode::BalanceXor | Mode::Broadcast | Mode::Ieee8023ad => true,
    }
}

fn nic(wires: &Path, port: &str) -> Wire {
    Wire::Switch {
        local: wires.join(format!("{port}.guest")),
        remote: wires.join(format!("{port}.switch")),
    }
}

fn cables(switching: &Namespace, wires: &Path, mode: Mode) -> Result<Config> {
    let mut config = Config::new();
    let members = OWN_PORTS.into_iter().zip(GUEST_PORTS);
    for (own, guest) in members.chain(BEHIND.map(<(&str, &str)>::from)) {
        let socket = switching.inside(|| PacketSocket::open(own))?;
        let file = |end: &str| wires.join(format!("{guest}.{end}"));
        config = config
            .socket(own, socket.into())
            .datagram(guest, &file("guest"), &file("switch"));
        if is_cabled(mode) || !OWN_PORTS.contains(&own) {
            config = config.wire(own, guest);
        }
    }
    Ok(config)
}

/// The guest: its bond, and a router for those behind it. With 802.3ad, balance-tlb and balance-alb the
/// kernel uses no member whose speed it does not know, and virtio tells none.
fn world(mode: Mode, options: &str) -> String {
    let [to_client, to_real] = GATEWAYS;
    format!(
        "(set -e
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link add bond0 type bond mode {mode} miimon 100 {options}
for nic in eth0 eth1; do
ethtool -s $nic speed 10000 duplex full
ip link set $nic master bond0; done
ip address add {GUEST_BOND}/24 dev bond0
ip address add {to_client}/24 dev eth2
ip address add {to_real}/24 dev eth3
for link in bond0 eth2 eth3; do ip link set $link up; done
for filter in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$filter; done
ip route add default via {BOND} table 100
ip rule add iif eth3 lookup 100)"
    )
}

fn configuration(mode: Mode, options: &str) -> String {
    let names = OWN.map(|name| format!("\"{name}\"")).join(", ");
    format!(
        "[bond.bond0]\nmode = \"{mode}\"\nmembers = [{names}]\naddresses = [\"{BOND}/24\"]\n{options}\n\
         [[route]]\ndestination = \"10.91.0.0/16\"\ngateway = \"{GUEST_BOND}\"\n\
         [service.web]\nprotocol = \"tcp\"\naddress = \"{VIP}:{PORT}\"\nmethod = \"nat\"\nscheduler = \"rr\"\n\
         [service.web.real.\"{REAL}:{PORT}\"]\n"
    )
}
