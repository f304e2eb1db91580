//! `[vrrp.NAME]`: virtual routers, under keepalived's names.

use std::cell::RefCell;
use std::net::IpAddr;

use vrrp::config::MAX_ADDRESSES;
use vrrp::{Centiseconds, Config, Family, Priority, TrackService, Vrid};

use super::seconds::{self, Steps};
use super::section::Section;
use super::value::{NAME_LEGAL, address, integer, interface, is_name, switch};

/// An advert carries its interval in hundredths of a second, in 12 bits (RFC 5798 5.2.7).
const ADVERT_INT: Steps = Steps {
    digits: DIGITS,
    first: 1,
    last: 4095,
};

/// Digits of `advert_int` after the point.
pub(super) const DIGITS: u32 = 2;

/// What one tracked service, or all of them together, may take away: what is between the highest
/// priority of a router that owns no address and the lowest.
pub(super) const LEAST_WEIGHT: i16 = -253;

const BOND_LEGAL: &str = "the name of a bond: \"bond0\"";
const VRID_LEGAL: &str = "an integer from 1 to 255";

pub(super) fn read(root: &Section<'_, '_>) -> Vec<Config> {
    let tables = root.named("vrrp");
    tables
        .iter()
        .filter_map(|(name, table)| read_router(name, table))
        .collect()
}

fn read_router(name: &str, table: &Section<'_, '_>) -> Option<Config> {
    if !is_name(name) {
        table.fault_here(format!("the virtual router's name is {NAME_LEGAL}"));
    }
    let bond = table.required("interface", BOND_LEGAL, interface);
    let vrid = table.required("virtual_router_id", VRID_LEGAL, |v| {
        integer(1..=u8::MAX, "", v)
    });
    let priority = table.value("priority", |v| integer(1..=u8::MAX, "", v));
    let advert_int = table
        .value("advert_int", |v| seconds::read(ADVERT_INT, v))
        .and_then(|steps| Centiseconds::new(u16::try_from(steps).ok()?));
    let preempt = table.value("preempt", switch);
    let virtual_ipaddress = read_addresses(table);
    let track_service = read_tracked(table);
    Some(Config {
        name: name.to_owned(),
        interface: bond?,
        virtual_router_id: Vrid::new(vrid?)?,
        priority: priority
            .and_then(Priority::new)
            .unwrap_or(Priority::DEFAULT),
        advert_int: advert_int.unwrap_or(Centiseconds::SECOND),
        preempt: preempt.unwrap_or_default(),
        virtual_ipaddress,
        track_service,
    })
}

/// The addresses in the order of the file: an advert has them in that order too.
fn read_addresses(table: &Section<'_, '_>) -> Vec<IpAddr> {
    let key = "virtual_ipaddress";
    let legal = format!("1 to {MAX_ADDRESSES} addresses: [\"10.1.0.100\", \"10.1.0.101\"]");
    table.require(key, &legal);
    let seen: RefCell<Vec<IpAddr>> = RefCell::default();
    let addresses = table.list(key, |value| {
        let ip = address(value)?;
        let mut seen = seen.borrow_mut();
        if seen.contains(&ip) {
            return Err("each address once".to_owned());
        }
        let first = *seen.first().unwrap_or(&ip);
        seen.push(ip);
        if Family::of(ip) != Family::of(first) {
            let family = if first.is_ipv4() { "IPv4" } else { "IPv6" };
            return Err(format!(
                "an {family} address, as the first is: a virtual router has one family"
            ));
        }
        Ok(ip)
    });
    let listed = table.value(key, |v| Ok(v.as_array().map(|listed| listed.len())));
    if listed.flatten() == Some(0) || addresses.len() > MAX_ADDRESSES {
        table.fault(key, legal);
    }
    if let Some(IpAddr::V6(first)) = seen.borrow().first()
        && !first.is_unicast_link_local()
    {
        table.fault(
            key,
            "an IPv6 router's first address link-local: [\"fe80::1\", \"2001:db8::1\"]",
        );
    }
    addresses
}

fn read_tracked(table: &Section<'_, '_>) -> Vec<TrackService> {
    let mut tracked = Vec::new();
    for (service, options) in table.named("track_service") {
        let range = LEAST_WEIGHT..=-1;
        let legal = format!("an integer from {LEAST_WEIGHT} to -1");
        let weight = options.required("weight", &legal, |v| integer(range, "", v));
        tracked.extend(weight.map(|weight| TrackService { service, weight }));
    }
    tracked
}
