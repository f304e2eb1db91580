//! What a switch is made of. As JSON this is what the program reads.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use bond::LacpRate;
use serde::{Deserialize, Serialize};

use super::packet::PacketSocket;

/// How long an address is remembered that is heard no more.
const AGEING_SECONDS: u64 = 300;

/// A switch: ports, groups of ports, ageing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its ports.
    pub ports: Vec<PortConfig>,
    /// Its link aggregations.
    #[serde(default)]
    pub groups: Vec<GroupConfig>,
    /// Pairs of ports that are the ends of one cable: what enters one leaves by the other, whatever it is.
    #[serde(default)]
    pub wires: Vec<[String; 2]>,
    /// How long an address is remembered that is heard no more, in seconds.
    #[serde(default = "ageing_seconds")]
    pub ageing_seconds: u64,
}

/// One port.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortConfig {
    /// Its name, in commands and in what is shown.
    pub name: String,
    /// What it is plugged into.
    pub cable: Cable,
}

/// What a port is plugged into.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cable {
    /// A NIC of QEMU's `-netdev dgram`.
    Datagram {
        /// The socket that QEMU makes: its `local.path`.
        guest: PathBuf,
        /// The socket that the switch makes: QEMU's `remote.path`.
        switch: PathBuf,
    },
    /// An interface of the network namespace that the switch is started in.
    Interface(String),
    /// A packet socket that somebody else has opened, in whichever namespace.
    #[serde(skip)]
    Socket(PacketSocket),
}

/// Ports that are one link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// Its name.
    pub name: String,
    /// Names of its ports.
    pub members: Vec<String>,
    /// Who says which of them carry traffic.
    pub protocol: Protocol,
}

/// Who says which members of a group carry traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Nobody: all do that have carrier.
    Static,
    /// LACP; the partner is asked to send at this rate.
    Lacp(LacpRate),
}

const fn ageing_seconds() -> u64 {
    AGEING_SECONDS
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ports: Vec::new(),
            groups: Vec::new(),
            wires: Vec::new(),
            ageing_seconds: AGEING_SECONDS,
        }
    }
}

impl Config {
    /// A switch without ports.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a port for a NIC of QEMU's; see [`netdev`](super::netdev).
    #[must_use]
    pub fn datagram(self, name: &str, guest: &Path, switch: &Path) -> Self {
        let (guest, switch) = (guest.to_owned(), switch.to_owned());
        self.port(name, Cable::Datagram { guest, switch })
    }

    /// Adds a port on an interface of this network namespace, under the interface's name.
    #[must_use]
    pub fn interface(self, name: &str) -> Self {
        self.port(name, Cable::Interface(name.to_owned()))
    }

    /// Adds a port on a packet socket.
    #[must_use]
    pub fn socket(self, name: &str, socket: OwnedFd) -> Self {
        self.port(name, Cable::Socket(PacketSocket::from(socket)))
    }

    /// Joins ports to a group that speaks LACP.
    #[must_use]
    pub fn lacp(self, name: &str, rate: LacpRate, members: &[&str]) -> Self {
        self.group(name, Protocol::Lacp(rate), members)
    }

    /// Joins ports to a group that speaks nothing.
    #[must_use]
    pub fn static_lag(self, name: &str, members: &[&str]) -> Self {
        self.group(name, Protocol::Static, members)
    }

    /// Makes two ports the ends of one cable: no LAN, and nothing is kept from passing.
    #[must_use]
    pub fn wire(mut self, one: &str, other: &str) -> Self {
        self.wires.push([one, other].map(str::to_owned));
        self
    }

    /// Where the wire leads whose one end this port is.
    pub(super) fn other_end(&self, port: &str) -> Option<&str> {
        let ends = self
            .wires
            .iter()
            .map(|wire| wire.each_ref().map(String::as_str));
        let both = ends.flat_map(|[one, other]| [[one, other], [other, one]]);
        let mut own = both.filter(|[end, _]| *end == port);
        own.next().map(|[_, other]| other)
    }

    fn port(mut self, name: &str, cable: Cable) -> Self {
        let name = name.to_owned();
        self.ports.push(PortConfig { name, cable });
        self
    }

    fn group(mut self, name: &str, protocol: Protocol, members: &[&str]) -> Self {
        self.groups.push(GroupConfig {
            name: name.to_owned(),
            members: members.iter().map(|&name| name.to_owned()).collect(),
            protocol,
        });
        self
    }

    /// Fails with a line for everything that is wrong.
    ///
    /// # Errors
    /// Names that are used twice, members and wires' ends that are no ports, groups without or with too many
    /// members.
    pub fn check(&self) -> Result<()> {
        let ports: Vec<&str> = self.ports.iter().map(|port| port.name.as_str()).collect();
        let groups = self.groups.iter().map(|group| group.name.as_str());
        let all: Vec<&str> = ports.iter().copied().chain(groups).collect();
        let members: Vec<&str> = self
            .groups
            .iter()
            .flat_map(|group| group.members.iter().map(String::as_str))
            .collect();
        let ends = self.wires.iter().flatten().map(String::as_str);
        let taken: Vec<&str> = members.iter().copied().chain(ends).collect();
        let mut faults = twice(&all, "is the name of two ports or groups");
        faults.extend(twice(&taken, "is in two groups or wires"));
        let strangers = taken.iter().filter(|taken| !ports.contains(taken));
        faults.extend(strangers.map(|stranger| format!("{stranger} is no port")));
        let sizes = self
            .groups
            .iter()
            .filter(|group| !(1..=bond::MAX_MEMBERS).contains(&group.members.len()));
        faults.extend(sizes.map(|group| {
            let most = bond::MAX_MEMBERS;
            format!("group {} needs 1 to {most} members", group.name)
        }));
        if !faults.is_empty() {
            bail!("switch: {}", faults.join("; "));
        }
        Ok(())
    }
}

fn twice(names: &[&str], what: &str) -> Vec<String> {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    let mut found: Vec<String> = pairs
        .filter(|(one, other)| one == other)
        .map(|(name, _)| format!("{name} {what}"))
        .collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_ports() -> Config {
        let path = Path::new("/nowhere");
        Config::new()
            .datagram("a", path, path)
            .datagram("b", path, path)
    }

    #[test]
    fn ports_and_a_group_of_them_are_legal() {
        two_ports().static_lag("lag", &["a", "b"]).check().unwrap();
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let config = two_ports()
            .interface("a")
            .static_lag("lag", &["a", "c"])
            .lacp("other", LacpRate::Fast, &["a"])
            .static_lag("empty", &[])
            .wire("b", "a")
            .wire("b", "d");
        let text = config.check().unwrap_err().to_string();
        for fault in [
            "a is the name of two ports or groups",
            "a is in two groups or wires",
            "b is in two groups or wires",
            "c is no port",
            "d is no port",
            "group empty needs 1 to 16 members",
        ] {
            assert!(text.contains(fault), "{fault}: {text}");
        }
    }

    #[test]
    fn what_the_program_reads_is_the_same_configuration() {
        let text = r#"{"ports": [{"name": "lb1-eth1",
                "cable": {"datagram": {"guest": "/tmp/g1", "switch": "/tmp/s1"}}},
            {"name": "client", "cable": {"interface": "client"}}],
            "groups": [{"name": "lb1", "members": ["lb1-eth1"], "protocol": {"lacp": "fast"}},
                {"name": "far", "members": ["client"], "protocol": "static"}]}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        config.check().unwrap();
        assert_eq!(config.groups[0].protocol, Protocol::Lacp(LacpRate::Fast));
        assert_eq!(config.groups[1].protocol, Protocol::Static);
        assert_eq!(config.ageing_seconds, 300);
        assert!(serde_json::from_str::<Config>(r#"{"ports": [], "vlans": 3}"#).is_err());
    }
}
