//! What a configuration names of the host, and the file that remembers it: whatever ends `hostd`, the next
//! one knows what an earlier configuration had it add.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use control::config::{Config, Route};
use serde::{Deserialize, Serialize};

/// Bonds, and their addresses and routes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Bonds.
    pub bonds: Vec<String>,
    /// Addresses of bonds' interfaces.
    pub addresses: Vec<Address>,
    /// Destination, prefix length and gateway.
    pub routes: Vec<(IpAddr, u8, IpAddr)>,
}

/// An address of a bond's interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The bond.
    pub bond: String,
    /// The address.
    pub ip: IpAddr,
    /// Its prefix length.
    pub prefix: u8,
}

impl Named {
    /// What a configuration names.
    pub fn by(config: &Config) -> Self {
        let mut named = Self::default();
        for bond in &config.bonds {
            named.bonds.push(bond.name.clone());
            let own = bond.addresses.iter().map(|address| Address {
                bond: bond.name.clone(),
                ip: address.ip,
                prefix: address.prefix,
            });
            named.addresses.extend(own);
        }
        let routes = config.routes.iter();
        named.routes = routes
            .map(|route: &Route| (route.destination, route.prefix, route.gateway))
            .collect();
        named
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
        join(&mut self.addresses, other.addresses);
        join(&mut self.routes, other.routes);
        self
    }
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
        let text = include_str!("../tests/appliance.toml");
        Named::by(&control::config::parse("test.toml", text).expect("no fault"))
    }

    #[test]
    fn a_configuration_names_addresses_with_their_bond_and_routes() {
        let named = named();
        assert_eq!(named.bonds, ["bond0"]);
        let addresses = named.addresses.iter();
        let addresses: Vec<_> = addresses
            .map(|a| format!("{} {}/{}", a.bond, a.ip, a.prefix))
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
