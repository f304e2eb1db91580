//! One network: a Linux bridge, our box on it by a bond of one member, a peer, and somebody who
//! listens.

use std::path::PathBuf;

use anyhow::Result;
use tests::cable;
use tests::lab::directory::{self, Directory};
use tests::namespace::Namespace;
use tests::run;
use vrrp::Family;

/// The peer's interface, and the listener's.
pub const INTERFACE: &str = "eth0";
/// Our bond's member.
pub const MEMBER: &str = "eth1";
/// Our bond's interface to the kernel.
pub const BOND: &str = "bond0";

/// The network. Its fields are dropped from top to bottom.
#[derive(Debug)]
pub struct Segment {
    /// Our box.
    pub ours: Namespace,
    /// The peer's.
    pub peer: Namespace,
    /// The listener's.
    pub listener: Namespace,
    bridge: Namespace,
    directory: Directory,
}

/// A port of the bridge.
#[derive(Clone, Copy, Debug)]
pub enum Port {
    /// Our member's.
    Ours,
    /// The peer's.
    Peer,
}

impl Port {
    const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
        }
    }
}

/// Addresses work at once, and nobody looks for routers.
const QUIET: [(&str, &str); 3] = [
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv6/conf/default/router_solicitations", "0"),
];

impl Segment {
    /// Raises it: our box is .2, the peer .3; link-local fe80::2 and fe80::3.
    pub fn raise() -> Result<Self> {
        directory::sweep();
        let directory = Directory::create()?;
        let create = |role: &str| Namespace::create(&directory.namespace(role));
        let segment = Self {
            ours: create("ours")?,
            peer: create("peer")?,
            listener: create("listener")?,
            bridge: create("bridge")?,
            directory,
        };
        cable::prepare(&segment.bridge)?;
        segment
            .bridge
            .ip(&["link add name br0 up type bridge mcast_snooping 0 stp_state 0"])?;
        segment.plug(&segment.ours, "ours", MEMBER)?;
        segment.plug(&segment.peer, "peer", INTERFACE)?;
        segment.plug(&segment.listener, "listener", INTERFACE)?;
        // lvsd would make a TAP; what counts here is its name and its addresses.
        segment.ours.ip(&[
            format!("link add name {BOND} type veth peer name nobody"),
            format!("link set dev {BOND} addrgenmode none up"),
            "link set dev nobody addrgenmode none up".to_owned(),
        ])?;
        segment.address(&segment.ours, BOND, 2)?;
        segment.address(&segment.peer, INTERFACE, 3)?;
        Ok(segment)
    }

    fn plug(&self, host: &Namespace, port: &str, interface: &str) -> Result<()> {
        host.sysctl(&QUIET)?;
        let name = host.name();
        self.bridge.ip(&[
            format!("link add name {port} type veth peer name {interface} netns {name}"),
            format!("link set dev {port} master br0 up"),
        ])?;
        host.ip(&[format!("link set dev {interface} addrgenmode none up")])?;
        for (namespace, interface) in [(host, interface), (&self.bridge, port)] {
            let offloads = ["tx", "off", "tso", "off", "gso", "off", "gro", "off"];
            let mut ethtool = namespace.command("ethtool");
            run::output(ethtool.args(["-K", interface]).args(offloads))?;
        }
        Ok(())
    }

    fn address(&self, host: &Namespace, interface: &str, number: u8) -> Result<()> {
        host.ip(&[
            format!("address add 10.81.0.{number}/24 dev {interface}"),
            format!("address add fe80::{number}/64 dev {interface} nodad"),
            format!("address add 2001:db8:81::{number}/64 dev {interface} nodad"),
        ])
    }

    /// Cuts a port so that frames vanish both ways while both ends keep carrier.
    pub fn cut(&self, port: Port) -> Result<()> {
        let port = port.name();
        self.bridge.ip(&[format!("link set dev {port} nomaster")])
    }

    /// Makes it whole again.
    pub fn heal(&self, port: Port) -> Result<()> {
        let port = port.name();
        self.bridge.ip(&[format!("link set dev {port} master br0")])
    }

    /// A directory of this network's own that goes with it.
    pub fn room(&self, name: &str) -> Result<PathBuf> {
        self.directory.room(name)
    }
}

/// The address that our box speaks from.
pub const fn our_address(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "10.81.0.2",
        Family::Ipv6 => "fe80::2",
    }
}

/// The virtual addresses of VRID 51.
pub const fn virtual_addresses(family: Family) -> &'static [&'static str] {
    match family {
        Family::Ipv4 => &["10.81.0.100", "10.81.0.101"],
        Family::Ipv6 => &["fe80::51:1", "2001:db8:81::100"],
    }
}
