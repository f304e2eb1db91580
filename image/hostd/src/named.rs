//! What a configuration names of the host, and the file that remembers it: whatever ends `hostd`, the next
//! one knows what an earlier configuration had it add.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use control::config::{Config, Management, Route};
use serde::{Deserialize, Serialize};

/// Interfaces, their addresses, and routes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Named {
    /// Bonds.
    pub bonds: Vec<String>,
    /// VLANs: bond and identifier.
    pub vlans: Vec<(String, u16)>,
    /// Addresses of interfaces.
    pub addresses: Vec<Address>,
    /// Destination, prefix length and gateway.
    pub routes: Vec<(IpAddr, u8, IpAddr)>,
    /// Management ports: one, unless another one was named before.
    pub management: Vec<Port>,
    /// Interfaces that were down before `hostd` set them up.
    pub raised: Vec<String>,
}

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The interface.
    pub interface: String,
    /// The address.
    pub ip: IpAddr,
    /// Its prefix length.
    pub prefix: u8,
}

/// A management port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The interface.
    pub interface: String,
    /// Its addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Its default routers.
    pub gateways: Vec<IpAddr>,
}

impl Named {
    /// What a configuration names.
    pub fn by(config: &Config) -> Self {
        let own = interfaces(config)
            .into_iter()
            .flat_map(|(name, addresses)| {
                addresses.into_iter().map(move |(ip, prefix)| Address {
                    interface: name.clone(),
                    ip,
                    prefix,
                })
            });
        let routes = config.routes.iter();
        let vlans = config.vlans.iter();
        Self {
            bonds: config.bonds.iter().map(|bond| bond.name.clone()).collect(),
            vlans: vlans.map(|vlan| (vlan.bond.clone(), vlan.id)).collect(),
            addresses: own.collect(),
            routes: routes
                .map(|route: &Route| (route.destination, route.prefix, route.gateway))
                .collect(),
            management: config.management.iter().map(Port::of).collect(),
            raised: Vec::new(),
        }
    }

    /// What either names.
    pub fn and(mut self, other: Self) -> Self {
        fn join<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
            for one in more {
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        join(&mut self.bonds, other.bonds);
        join(&mut self.vlans, other.vlans);
        join(&mut self.addresses, other.addresses);
        join(&mut self.routes, other.routes);
        join(&mut self.management, other.management);
        join(&mut self.raised, other.raised);
        self
    }
}

impl Port {
    /// The one that a configuration names.
    pub fn of(management: &Management) -> Self {
        let addresses = management.addresses.iter();
        Self {
            interface: management.interface.clone(),
            addresses: addresses.map(|own| (own.ip, own.prefix)).collect(),
            gateways: management.gateway.clone(),
        }
    }
}

/// Every interface that is to have addresses, with these.
pub fn interfaces(config: &Config) -> Vec<(String, Vec<(IpAddr, u8)>)> {
    let bonds = config.bonds.iter();
    let bonds = bonds.map(|bond| (bond.name.clone(), &bond.addresses));
    let vlans = config.vlans.iter();
    let vlans = vlans.map(|vlan| (vlan.interface(), &vlan.addresses));
    let management = config.management.iter();
    let management = management.map(|port| (port.interface.clone(), &port.addresses));
    let all = bonds.chain(vlans).chain(management);
    all.map(|(name, own)| (name, own.iter().map(|a| (a.ip, a.prefix)).collect()))
        .collect()
}

/// `RUN/hostd.state`: what has been named and may be there.
#[derive(Debug)]
pub struct NamedFile {
    path: PathBuf,
}

impl NamedFile {
    /// The file in this run directory.
    pub fn new(run_dir: &Path) -> Self {
        Self {
            path: run_dir.join("hostd.state"),
        }
    }

    /// What it says; nothing when it is not there or makes no sense: then nothing is removed.
    pub fn read(&self) -> Named {
        let text = fs::read(&self.path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// What the file system says; the message names the file.
    pub fn write(&self, named: &Named) -> io::Result<()> {
        let new = self.path.with_extension("state.new");
        let written = serde_json::to_vec(named)
            .map_err(io::Error::from)
            .and_then(|text| fs::write(&new, text))
            .and_then(|()| fs::rename(&new, &self.path));
        written.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named() -> Named {
        let text = include_str!("../tests/root/appliance.toml");
        Named::by(&control::config::parse("test.toml", text).expect("no fault"))
    }

    #[test]
    fn a_configuration_names_addresses_with_their_bond_and_routes() {
        let named = named();
        assert_eq!(named.bonds, ["bond0"]);
        let addresses = named.addresses.iter();
        let addresses: Vec<_> = addresses
            .map(|a| format!("{} {}/{}", a.interface, a.ip, a.prefix))
            .collect();
        assert_eq!(addresses, ["bond0 10.1.0.2/24", "bond0 2001:db8:1::2/64"]);
        assert_eq!(named.routes.len(), 2);
    }

    #[test]
    fn what_either_names_is_named_once() {
        let mut more = named();
        more.routes.remove(0);
        more.addresses[0].prefix = 25;
        let both = named().and(more.clone());
        assert_eq!((both.addresses.len(), both.routes.len()), (3, 2));
        assert_eq!(both.clone().and(more).and(named()), both);
    }

    #[test]
    fn the_file_is_what_was_written_last_and_without_it_nothing_is_named() {
        let dir = std::env::temp_dir().join(format!("hostd-named-{}", std::process::id()));
        fs::create_dir(&dir).expect("a directory for the test");
        let file = NamedFile::new(&dir);
        assert_eq!(file.read(), Named::default());
        file.write(&named()).expect("written");
        assert_eq!(file.read(), named());
        fs::write(dir.join("hostd.state"), "{").expect("spoilt");
        assert_eq!(file.read(), Named::default());
        fs::remove_dir_all(&dir).expect("removed");
        assert!(file.write(&named()).is_err(), "there is no directory");
    }
}
