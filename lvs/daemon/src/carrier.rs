//! The forwarder's own look at its members' carrier, and the host interfaces that follow the bonds.
//!
//! bondd decides which members a bond uses. A cable that is pulled is seen here as well, so that no
//! frame is sent into it until bondd has said so, or while there is no bondd.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bond::egress::Table;
use netio::ethtool::Ethtool;
use netio::tap::Tap;
use sys::memory::SharedMemory;
use wire::Mac;

use crate::announce;
use crate::nexthop::NextHops;
use crate::shared::{BondLink, Shared};

/// How often the members are looked at.
pub const INTERVAL: std::time::Duration = std::time::Duration::from_millis(10);

/// What was told to a bond's host interface last.
#[derive(Clone, Debug, Default)]
struct Told {
    source: Option<Arc<SharedMemory>>,
    generation: u64,
    carrier: Option<bool>,
    mac: Option<Mac>,
    place: Option<u8>,
    /// Virtual addresses to announce as soon as the kernel has a route for them by this bond, and
    /// the snapshot that was looked into last.
    unannounced: Vec<IpAddr>,
    looked_into: Option<Arc<NextHops>>,
}

/// Watches members and host interfaces.
#[derive(Debug)]
pub struct CarrierWatch {
    ethtool: Ethtool,
    told: Vec<Told>,
}

impl CarrierWatch {
    /// A watch over `bonds` bonds.
    #[must_use]
    pub fn new(ethtool: Ethtool, bonds: usize) -> Self {
        Self {
            ethtool,
            told: vec![Told::default(); bonds],
        }
    }

    /// Looks at every member once and masks those without carrier, or without a NIC.
    pub fn look(&mut self, shared: &Shared, ifnames: &[String]) {
        for link in &shared.bonds {
            let gone = |(member, port): (usize, &Option<usize>)| {
                let carrier = port.and_then(|port| self.ethtool.carrier(&ifnames[port]).ok());
                u32::from(carrier != Some(true)) << member
            };
            let masked = link
                .ports
                .iter()
                .enumerate()
                .map(gone)
                .fold(0, |all, bit| all | bit);
            link.masked.store(masked, Ordering::Relaxed);
        }
    }

    /// Whether a member has carrier, as seen last.
    #[must_use]
    pub fn has_carrier(shared: &Shared, bond: usize, member: usize) -> bool {
        (shared.bonds[bond].masked.load(Ordering::Relaxed) >> member) & 1 == 0
    }

    /// Gives each host interface its bond's MAC and carrier, and announces the virtual addresses
    /// from their new place, where bondd has published news.
    pub fn follow(&mut self, shared: &Shared, taps: &[Arc<Tap>], virtuals: &[IpAddr]) {
        let bonds = shared
            .bonds
            .iter()
            .zip(taps)
            .zip(&mut self.told)
            .enumerate();
        for (bond, ((link, tap), told)) in bonds {
            if let Some(table) = told.news(link) {
                tell(
                    &link.name,
                    tap,
                    told,
                    table.bond_mac,
                    !table.usable.is_empty(),
                );
                let place = table.place();
                if place != told.place && place.is_some() {
                    told.unannounced = virtuals.to_vec();
                    told.looked_into = None;
                }
                told.place = place;
            }
            told.announce(shared, bond);
        }
    }

    /// Announces the virtual addresses that were not ours to announce before: hosts know them by the
    /// MAC of the virtual router that they were in, or do not know them.
    pub fn serve(&mut self, before: &[IpAddr], virtuals: &[IpAddr]) {
        for told in &mut self.told {
            told.serve(before, virtuals);
        }
    }
}

impl Told {
    fn serve(&mut self, before: &[IpAddr], virtuals: &[IpAddr]) {
        self.unannounced
            .retain(|address| virtuals.contains(address));
        // A bond without a place announces all of them as soon as it has one.
        if self.place.is_some() {
            let new = virtuals.iter().filter(|address| !before.contains(address));
            self.unannounced.extend(new);
            self.looked_into = None;
        }
    }

    /// The bond's table, when it is another than before.
    fn news(&mut self, link: &BondLink) -> Option<Table> {
        let egress = link.egress.load_full()?;
        // Another bondd counts its generations from where it likes.
        let same = self
            .source
            .as_ref()
            .is_some_and(|source| Arc::ptr_eq(source, &egress));
        if same && bond::egress::generation(egress.words()) == self.generation {
            return None;
        }
        let table = bond::egress::read(egress.words())?;
        self.generation = table.generation;
        self.source = Some(egress);
        Some(table)
    }

    /// Announces what waits for it and has a route now.
    fn announce(&mut self, shared: &Shared, bond: usize) {
        let Some(mac) = self.mac.filter(|_| !self.unannounced.is_empty()) else {
            return;
        };
        let hops = shared.hops.load_full();
        if self
            .looked_into
            .as_ref()
            .is_some_and(|before| Arc::ptr_eq(before, &hops))
        {
            return;
        }
        self.unannounced.retain(|address| {
            let here = hops.bond_towards(*address) == Some(bond);
            if here {
                announce::announce(shared, bond, mac, *address);
            }
            !here
        });
        self.looked_into = Some(hops);
    }
}

fn tell(name: &str, tap: &Tap, told: &mut Told, mac: Mac, carrier: bool) {
    // A bond has none before its first member is there.
    if told.mac != Some(mac) && mac != Mac::ZERO {
        match tap.set_mac(mac) {
            Ok(()) => told.mac = Some(mac),
            Err(error) => eprintln!("{name}: {error}"),
        }
    }
    if told.carrier != Some(carrier) {
        match tap.set_carrier(carrier) {
            Ok(()) => {
                told.carrier = Some(carrier);
                eprintln!("{name}: carrier {}", if carrier { "on" } else { "off" });
            }
            Err(error) => eprintln!("{name}: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn an_address_that_no_virtual_router_has_any_more_is_announced_and_one_that_joins_is_not() {
        let mut told = Told {
            place: Some(0),
            unannounced: vec![ip(1), ip(2)],
            looked_into: Some(Arc::default()),
            ..Told::default()
        };
        told.serve(&[ip(1), ip(2), ip(3)], &[ip(2), ip(3), ip(4)]);
        assert_eq!(told.unannounced, [ip(2), ip(4)]);
        assert!(told.looked_into.is_none(), "its route is there already");
    }

    #[test]
    fn a_bond_without_a_usable_member_announces_nothing_yet() {
        let mut told = Told::default();
        told.serve(&[], &[ip(1)]);
        assert!(told.unannounced.is_empty());
    }
}
