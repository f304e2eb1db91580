//! The management port's routes: what came in by it leaves by it.
//!
//! A table of its own holds the port's networks and default routes, and a rule for each of its addresses
//! leads there. The main table has the same default routes with a high metric: for what comes from no
//! particular address, as long as the data plane has no default route of its own.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use control::config::Config;
use netio::netlink::{Route, RouteKind, Rule};

use super::{Kernel, Step};
use crate::named::{Named, Port};

/// The management port's table, and the priority of the rules that lead there.
const TABLE: u32 = 0xf0;

/// The metric of its default routes in the main table: more than anybody else's.
pub(super) const METRIC: u32 = 0xf000_0000;

/// The metric in the table of its own, where nothing competes; said, so that no family has its own default.
const ONLY: u32 = 1024;

const TABLE_MAIN: u32 = 254;

pub(super) fn missing(config: &Config, kernel: &Kernel) -> Vec<Step> {
    let Some(port) = config.management.as_ref().map(Port::of) else {
        return Vec::new();
    };
    let routes = routes(&port, kernel).into_iter();
    let routes = routes.filter(|route| !has(kernel, route));
    let rules = rules(&port).filter(|rule| !kernel.rules.contains(rule));
    routes
        .map(Step::Management)
        .chain(rules.map(Step::Rule))
        .collect()
}

pub(super) fn surplus(before: &Named, config: &Config, kernel: &Kernel) -> Vec<Step> {
    let port = config.management.as_ref().map(Port::of);
    let wanted: Vec<Rule> = port.iter().flat_map(rules).collect();
    let rules = before.management.iter().flat_map(rules);
    let rules = rules.filter(|rule| !wanted.contains(rule) && kernel.rules.contains(rule));
    let wanted: Vec<Route> = port.iter().flat_map(|port| routes(port, kernel)).collect();
    let routes = before.management.iter();
    let routes = routes.flat_map(|port| routes_by_name(port, kernel));
    let routes = routes.filter(|route| !wanted.contains(route) && has(kernel, route));
    rules
        .map(Step::Rule)
        .chain(routes.map(Step::Management))
        .collect()
}

/// Whether the kernel has it; which source address it prefers on it does not matter.
fn has(kernel: &Kernel, wanted: &Route) -> bool {
    let same = |have: &Route| Route {
        source: None,
        ..*have
    };
    kernel.routes.iter().any(|have| same(have) == *wanted)
}

/// Its routes; none while the link is down, when the kernel would keep none.
fn routes(port: &Port, kernel: &Kernel) -> Vec<Route> {
    let is_up = kernel.link(&port.interface).is_some_and(|link| link.up);
    if is_up {
        routes_by_name(port, kernel)
    } else {
        Vec::new()
    }
}

fn routes_by_name(port: &Port, kernel: &Kernel) -> Vec<Route> {
    let Some(link) = kernel.link(&port.interface) else {
        return Vec::new();
    };
    let route = |(destination, prefix), gateway, (table, metric)| Route {
        destination,
        prefix,
        gateway,
        ifindex: link.index,
        metric,
        source: None,
        table,
        kind: RouteKind::Unicast,
    };
    let networks = networks(port).into_iter();
    let networks = networks.map(|network| route(network, None, (TABLE, ONLY)));
    let defaults = port.gateways.iter().flat_map(|gateway| {
        let everything = (unspecified(*gateway), 0);
        [(TABLE, ONLY), (TABLE_MAIN, METRIC)].map(|place| route(everything, Some(*gateway), place))
    });
    networks.chain(defaults).collect()
}

/// The networks on its link, each once; IPv6 has one more, that of the link-local addresses.
fn networks(port: &Port) -> BTreeSet<(IpAddr, u8)> {
    let own = port.addresses.iter();
    let mut networks: BTreeSet<_> = own
        .map(|(ip, prefix)| (first(*ip, *prefix), *prefix))
        .collect();
    if port.addresses.iter().any(|(ip, _)| ip.is_ipv6()) {
        let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);
        networks.insert((link_local.into(), 64));
    }
    networks
}

fn rules(port: &Port) -> impl Iterator<Item = Rule> {
    port.addresses.iter().map(|(ip, _)| Rule {
        source: (*ip, if ip.is_ipv4() { 32 } else { 128 }),
        table: TABLE,
        priority: TABLE,
    })
}

/// The first address of a network.
fn first(ip: IpAddr, prefix: u8) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => {
            let host_bits = 32_u32.saturating_sub(prefix.into());
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let host_bits = 128_u32.saturating_sub(prefix.into());
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
#[path = "../tests/management.rs"]
mod tests;
