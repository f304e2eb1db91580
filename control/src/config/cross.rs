//! Faults that no table shows alone: two bonds, two services, a service and a bond.

mod hosts;
mod routers;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub(super) use hosts::owners;

use super::section::join;
use super::{Config, Fault};

/// Every fault between the tables of `config`.
pub(super) fn faults(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    members(config, &mut faults);
    hosts::faults(config, &mut faults);
    let owners = owners(config);
    services(config, &owners, &mut faults);
    reals(config, &owners, &mut faults);
    direct(config, &mut faults);
    routers::faults(config, &owners, &mut faults);
    metrics(config, &mut faults);
    faults
}

fn bond_key(bond: &bond::Config, key: &str) -> String {
    join(&join("bond", &bond.name), key)
}

/// In the order of the file, so that of two that collide the later one is at fault.
fn bonds(config: &Config) -> Vec<&bond::Config> {
    let mut bonds: Vec<_> = config.bonds.iter().collect();
    bonds.sort_by_key(|bond| config.origin.line(&join("bond", &bond.name)));
    bonds
}

/// The table that has each address.
type Owners = BTreeMap<IpAddr, String>;

/// The virtual router that has each virtual address: the first, where there are more.
fn virtual_owners(config: &Config) -> BTreeMap<IpAddr, &vrrp::Config> {
    let mut owners = BTreeMap::new();
    for router in &config.routers {
        for ip in &router.virtual_ipaddress {
            owners.entry(*ip).or_insert(router);
        }
    }
    owners
}

/// A member belongs to one bond, and is none itself.
fn members(config: &Config, faults: &mut Vec<Fault>) {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for bond in bonds(config) {
        for member in &bond.members {
            let name = member.name.as_str();
            let legal = if config.bonds.iter().any(|other| other.name == name) {
                Some(format!("a NIC: bond.{name} is a bond itself"))
            } else {
                owners.insert(name, &bond.name).map(|other| {
                    owners.insert(name, other);
                    format!("a NIC of one bond: bond.{other} has it")
                })
            };
            if let Some(legal) = legal {
                let key = bond_key(bond, "members");
                faults.push(config.origin.fault(&key, Some(format!("{name:?}")), legal));
            }
        }
    }
}

/// A service has an endpoint that no other has, on an address that is not the host's own.
fn services(config: &Config, owners: &Owners, faults: &mut Vec<Fault>) {
    let mut endpoints = BTreeMap::new();
    let key = |name: &str| join(&join("service", name), "address");
    let mut services: Vec<_> = config.services.services.iter().collect();
    services.sort_by_key(|service| config.origin.line(&key(&service.name)));
    for service in services {
        let endpoint = service.endpoint();
        let mut fault = |legal| {
            let value = format!("{:?}", endpoint.to_string());
            faults.push(config.origin.fault(&key(&service.name), Some(value), legal));
        };
        if let Some(holder) = owners.get(&service.address) {
            fault(format!(
                "an address that is not the host's own: {holder} has it"
            ));
        }
        if let Some(other) = endpoints.insert((service.protocol, endpoint), &service.name) {
            fault(format!(
                "an address and port that no other service has: service.{other} has it"
            ));
        }
    }
}

/// A real is another machine.
fn reals(config: &Config, owners: &Owners, faults: &mut Vec<Fault>) {
    let routers = virtual_owners(config);
    for service in &config.services.services {
        for real in &service.reals {
            let router = routers.get(&real.address);
            let router = router.map(|router| join("vrrp", &router.name));
            if let Some(holder) = owners.get(&real.address).cloned().or(router) {
                let table = join(&join("service", &service.name), "real");
                let key = join(&table, &real.endpoint().to_string());
                let legal = format!("another machine's address: {holder} has this one");
                faults.push(config.origin.fault(&key, None, legal));
            }
        }
    }
}

/// Metrics are served by the host, which does not have a virtual address.
fn metrics(config: &Config, faults: &mut Vec<Fault>) {
    let Some(listen) = config.metrics else {
        return;
    };
    let mut services = config.services.services.iter();
    let service = services.find(|service| service.address == listen.ip());
    let service = service.map(|service| join("service", &service.name));
    let routers = virtual_owners(config);
    let router = routers
        .get(&listen.ip())
        .filter(|router| !router.is_owner());
    let router = router.map(|router| join("vrrp", &router.name));
    if let Some(holder) = service.or(router) {
        let value = Some(format!("{:?}", listen.to_string()));
        let legal = format!("an address of the host's own: {holder} has this one");
        faults.push(config.origin.fault("metrics.listen", value, legal));
    }
}

/// With direct routing a real is on a bond's own link: a router in between would send what is for
/// the virtual address back. (A bond without addresses is the operator's own affair.)
fn direct(config: &Config, faults: &mut Vec<Fault>) {
    let links = || config.bonds.iter().flat_map(|bond| &bond.addresses);
    let services = config.services.services.iter();
    for service in services.filter(|service| service.method == lvs::Method::Dr) {
        for real in &service.reals {
            let own = links().filter(|link| link.ip.is_ipv4() == real.address.is_ipv4());
            let own: Vec<String> = own.map(ToString::to_string).collect();
            if own.is_empty() || links().any(|link| is_on_link(link, real.address)) {
                continue;
            }
            let table = join(&join("service", &service.name), "real");
            let key = join(&table, &real.endpoint().to_string());
            let legal = format!("with dr a real on a bond's own link: {}", own.join(", "));
            faults.push(config.origin.fault(&key, None, legal));
        }
    }
}

fn is_on_link(link: &bond::Address, ip: IpAddr) -> bool {
    let equal_bits = match (link.ip, ip) {
        (IpAddr::V4(own), IpAddr::V4(ip)) => (u32::from(own) ^ u32::from(ip)).leading_zeros(),
        (IpAddr::V6(own), IpAddr::V6(ip)) => (u128::from(own) ^ u128::from(ip)).leading_zeros(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    equal_bits >= u32::from(link.prefix)
}

/// What an engine would refuse although it has passed here: never seen, and never to be started.
pub(super) fn engine_faults(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    for bond in &config.bonds {
        for fault in bond.faults() {
            let key = bond_key(bond, fault.key);
            faults.push(config.origin.fault(&key, Some(fault.value), fault.legal));
        }
    }
    for router in &config.routers {
        for fault in router.faults() {
            let key = join(&join("vrrp", &router.name), fault.key);
            faults.push(config.origin.fault(&key, Some(fault.value), fault.legal));
        }
    }
    for fault in config.services.faults() {
        faults.push(
            config
                .origin
                .fault(&fault.path, Some(fault.value), fault.legal),
        );
    }
    faults
}
