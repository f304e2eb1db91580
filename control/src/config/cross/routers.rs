//! Faults between a virtual router and the rest: its bond, the other routers, the services.

use std::collections::BTreeMap;

use vrrp::Family;
use vrrp::lease::MAX_BONDS;

use super::super::routers::LEAST_WEIGHT;
use super::{Config, Fault, Owners, join};

/// Every such fault.
pub(super) fn faults(config: &Config, owners: &Owners, faults: &mut Vec<Fault>) {
    for router in &config.routers {
        interface(config, router, faults);
        ownership(config, owners, router, faults);
        tracked(config, router, faults);
    }
    vrids(config, faults);
    addresses(config, faults);
    if !config.routers.is_empty() && config.bonds.len() > MAX_BONDS {
        let legal = format!("none beside more than {MAX_BONDS} bonds");
        faults.push(config.origin.fault("vrrp", None, legal));
    }
}

fn router_key(router: &vrrp::Config, key: &str) -> String {
    join(&join("vrrp", &router.name), key)
}

/// In the order of the file, so that of two that collide the later one is at fault.
fn in_order(config: &Config) -> Vec<&vrrp::Config> {
    let mut routers: Vec<_> = config.routers.iter().collect();
    routers.sort_by_key(|router| config.origin.line(&join("vrrp", &router.name)));
    routers
}

/// A router is on a bond.
fn interface(config: &Config, router: &vrrp::Config, faults: &mut Vec<Fault>) {
    let names: Vec<&str> = config.bonds.iter().map(|bond| bond.name.as_str()).collect();
    if names.contains(&router.interface.as_str()) {
        return;
    }
    let legal = if names.is_empty() {
        "a bond, [bond.NAME], of which there is none".to_owned()
    } else {
        format!("a bond: {}", names.join(" | "))
    };
    let key = router_key(router, "interface");
    let value = Some(format!("{:?}", router.interface));
    faults.push(config.origin.fault(&key, value, legal));
}

/// Priority 255 says that every address is one of the bond's own; else none is the host's.
fn ownership(config: &Config, owners: &Owners, router: &vrrp::Config, faults: &mut Vec<Fault>) {
    let own = join("bond", &router.interface);
    let mut foreign = None;
    for ip in &router.virtual_ipaddress {
        let legal = match owners.get(ip) {
            Some(holder) if *holder != own => {
                format!("an address that is not the host's own: {holder} has it")
            }
            Some(_) if !router.is_owner() => format!(
                "an address that is not the host's own: {own} has it \
                 (priority 255 is for the owner of all the addresses)"
            ),
            Some(_) => continue,
            None => {
                foreign = foreign.or(Some(ip));
                continue;
            }
        };
        let key = router_key(router, "virtual_ipaddress");
        let value = Some(format!("{:?}", ip.to_string()));
        faults.push(config.origin.fault(&key, value, legal));
    }
    if let Some(ip) = foreign.filter(|_| router.is_owner()) {
        let legal = format!(
            "1 to 254: 255 is for the owner of all the addresses, and {own} does not have {ip}"
        );
        let key = router_key(router, "priority");
        faults.push(config.origin.fault(&key, Some("255".to_owned()), legal));
    }
}

/// A tracked service has a check, without which its reals count as up; and there is a priority
/// to take from.
fn tracked(config: &Config, router: &vrrp::Config, faults: &mut Vec<Fault>) {
    let table = router_key(router, "track_service");
    for track in &router.track_service {
        let service = join("service", &track.service);
        let legal = if config.origin.line(&service).is_none() {
            unknown_service(config)
        } else if config.origin.line(&join(&service, "check")).is_none() {
            format!("a service with a check: [{service}.check] is missing")
        } else {
            continue;
        };
        let key = join(&table, &track.service);
        faults.push(config.origin.fault(&key, None, legal));
    }
    let weights = router.track_service.iter();
    let total: i64 = weights.map(|track| i64::from(track.weight)).sum();
    if router.is_owner() && total != 0 {
        let legal = "not set: an owner's priority stays 255";
        faults.push(config.origin.fault(&table, None, legal));
    } else if total < LEAST_WEIGHT.into() {
        let legal = format!("weights of {LEAST_WEIGHT} or more together; these are {total}");
        faults.push(config.origin.fault(&table, None, legal));
    }
}

fn unknown_service(config: &Config) -> String {
    let checked: Vec<&str> = config.check_of.keys().map(String::as_str).collect();
    if checked.is_empty() {
        "a service with a check, of which there is none".to_owned()
    } else {
        format!("a service with a check: {}", checked.join(" | "))
    }
}

/// A VRID is one router's on its bond, in each family.
fn vrids(config: &Config, faults: &mut Vec<Fault>) {
    let mut owners = BTreeMap::new();
    let routers = in_order(config);
    // One without an address has no family, and is a fault already.
    for router in routers.iter().filter(|r| !r.virtual_ipaddress.is_empty()) {
        let family = router.family();
        let vrid = router.virtual_router_id;
        let place = (&router.interface, family, vrid);
        if let Some(other) = owners.insert(place, &router.name) {
            let family = match family {
                Family::Ipv4 => "IPv4",
                Family::Ipv6 => "IPv6",
            };
            let legal = format!(
                "a VRID that no other {family} router on {} has: vrrp.{other} has it",
                router.interface
            );
            let key = router_key(router, "virtual_router_id");
            faults.push(config.origin.fault(&key, Some(vrid.to_string()), legal));
        }
    }
}

/// An address is one router's.
fn addresses(config: &Config, faults: &mut Vec<Fault>) {
    let mut owners = BTreeMap::new();
    for router in in_order(config) {
        for ip in &router.virtual_ipaddress {
            if let Some(other) = owners.insert(*ip, &router.name) {
                let legal = format!("an address that no other router has: vrrp.{other} has it");
                let key = router_key(router, "virtual_ipaddress");
                let value = Some(format!("{:?}", ip.to_string()));
                faults.push(config.origin.fault(&key, value, legal));
            }
        }
    }
}
