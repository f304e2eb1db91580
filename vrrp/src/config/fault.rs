//! Which configurations are no virtual routers.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::{Config, Family, MAX_ADDRESSES};

/// A value that its option cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The option's key inside the virtual router's table.
    pub key: &'static str,
    /// The value as given.
    pub value: String,
    /// What would be legal.
    pub legal: &'static str,
}

const ADDRESSES: &str = "virtual_ipaddress";

impl Config {
    /// Every value that is out of its range; empty when the virtual router can be built. What
    /// hangs on other virtual routers, on the interface or on services is not looked at.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.name.is_empty() {
            push(&mut faults, "name", &self.name, "a name");
        }
        if !(1..=15).contains(&self.interface.len()) {
            let legal = "a bond's name of 1 to 15 characters";
            push(&mut faults, "interface", &self.interface, legal);
        }
        self.address_faults(&mut faults);
        self.track_faults(&mut faults);
        faults
    }

    fn address_faults(&self, faults: &mut Vec<Fault>) {
        let addresses = &self.virtual_ipaddress;
        if !(1..=MAX_ADDRESSES).contains(&addresses.len()) {
            push(faults, ADDRESSES, &addresses.len(), "1 to 64 addresses");
        }
        for (i, address) in addresses.iter().enumerate() {
            if Family::of(*address) != self.family() {
                push(faults, ADDRESSES, address, "addresses of one family");
            }
            if addresses.iter().take(i).any(|other| other == address) {
                push(faults, ADDRESSES, address, "each address once");
            }
            if !is_host(*address) {
                push(faults, ADDRESSES, address, "a host's unicast address");
            }
        }
        if let Some(IpAddr::V6(first)) = addresses.first()
            && !first.is_unicast_link_local()
        {
            push(faults, ADDRESSES, first, "a link-local address first");
        }
    }

    fn track_faults(&self, faults: &mut Vec<Fault>) {
        for (i, track) in self.track_service.iter().enumerate() {
            if !(-253..=-1).contains(&track.weight) {
                push(faults, "weight", &track.weight, "-253 to -1");
            }
            let mut before = self.track_service.iter().take(i);
            if before.any(|other| other.service == track.service) {
                push(faults, "track_service", &track.service, "each service once");
            }
        }
    }
}

fn is_host(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() && !is_broadcast
}

fn push(faults: &mut Vec<Fault>, key: &'static str, value: &dyn ToString, legal: &'static str) {
    faults.push(Fault {
        key,
        value: value.to_string(),
        legal,
    });
}
