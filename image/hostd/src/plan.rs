//! What the kernel lacks of what is configured, and what it has of what was: pure functions.

use std::fmt;
use std::net::IpAddr;

use control::config::{Config, Route};
use netio::netlink::{self, Link};

use crate::named::Named;

/// What the kernel has.
#[derive(Debug, Default)]
pub struct Kernel {
    /// Its interfaces.
    pub links: Vec<Link>,
    /// Its addresses.
    pub addresses: Vec<netlink::Address>,
    /// Its routes, of all tables.
    pub routes: Vec<netlink::Route>,
}

/// One thing to add or to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An address of an interface.
    Address(netlink::Address),
    /// A route.
    Route {
        /// Destination and gateway.
        route: Route,
        /// The interface of the bond on whose link the gateway is; none: the kernel knows the way.
        ifindex: Option<u32>,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(a) => write!(f, "address {}/{}", a.address, a.prefix),
            Self::Route { route: r, .. } => {
                write!(f, "route {}/{} via {}", r.destination, r.prefix, r.gateway)
            }
        }
    }
}

/// What is missing, addresses before the routes that need them.
///
/// A bond whose interface is not there yet is left out, and with it the routes by way of its link.
pub fn missing(config: &Config, kernel: &Kernel) -> Vec<Step> {
    let mut steps = Vec::new();
    for bond in &config.bonds {
        let Some(link) = link(kernel, &bond.name) else {
            continue;
        };
        let addresses = bond.addresses.iter().map(|configured| netlink::Address {
            ifindex: link.index,
            address: configured.ip,
            prefix: configured.prefix,
        });
        steps.extend(
            addresses
                .filter(|a| !kernel.addresses.contains(a))
                .map(Step::Address),
        );
    }
    steps.extend(
        config
            .routes
            .iter()
            .filter_map(|route| missing_route(config, kernel, route)),
    );
    steps
}

fn missing_route(config: &Config, kernel: &Kernel, route: &Route) -> Option<Step> {
    let bond = config.bonds.iter().find(|bond| {
        bond.addresses
            .iter()
            .any(|own| on_link(own.ip, own.prefix, route.gateway))
    });
    let ifindex = match bond {
        Some(bond) => Some(link(kernel, &bond.name).filter(|link| link.up)?.index),
        None => None,
    };
    let there = kernel.routes.iter().any(|have| {
        have.is_unicast_main()
            && (have.destination, have.prefix) == (route.destination, route.prefix)
            && have.gateway == Some(route.gateway)
            && ifindex.is_none_or(|ifindex| have.ifindex == ifindex)
    });
    (!there).then_some(Step::Route {
        route: *route,
        ifindex,
    })
}

/// What is there because `before` named it and `config` does not: exactly that, routes before addresses.
pub fn surplus(before: &Named, config: &Config, kernel: &Kernel) -> Vec<Step> {
    let named = Named::by(config);
    let routes = before.routes.iter().filter(|r| !named.routes.contains(r));
    let mut steps: Vec<_> = routes
        .flat_map(|route| surplus_routes(before, *route, kernel))
        .collect();
    let addresses = before.addresses.iter();
    let gone = addresses.filter(|address| !named.addresses.contains(address));
    let held = gone.filter_map(|address| {
        let held = netlink::Address {
            ifindex: link(kernel, &address.bond)?.index,
            address: address.ip,
            prefix: address.prefix,
        };
        kernel.addresses.contains(&held).then_some(held)
    });
    steps.extend(held.map(Step::Address));
    steps
}

/// The kernel's routes of this destination and gateway by the bond on whose link the gateway was; where it
/// was on none, by any interface.
fn surplus_routes(
    before: &Named,
    (destination, prefix, gateway): (IpAddr, u8, IpAddr),
    kernel: &Kernel,
) -> Vec<Step> {
    let mut own = before.addresses.iter();
    let bond = own.find(|own| on_link(own.ip, own.prefix, gateway));
    let out = bond.map(|own| link(kernel, &own.bond).map_or(0, |link| link.index));
    let held = kernel.routes.iter().filter(|have| {
        have.is_unicast_main()
            && (have.destination, have.prefix) == (destination, prefix)
            && have.gateway == Some(gateway)
            && out.is_none_or(|ifindex| have.ifindex == ifindex)
    });
    let route = Route {
        destination,
        prefix,
        gateway,
    };
    held.map(|have| Step::Route {
        route,
        ifindex: Some(have.ifindex),
    })
    .collect()
}

fn link<'a>(kernel: &'a Kernel, name: &str) -> Option<&'a Link> {
    kernel.links.iter().find(|link| link.name == name)
}

/// Whether `ip` is on the link of an interface with the address `own`.
fn on_link(own: IpAddr, prefix: u8, ip: IpAddr) -> bool {
    let equal_bits = match (own, ip) {
        (IpAddr::V4(own), IpAddr::V4(ip)) => (u32::from(own) ^ u32::from(ip)).leading_zeros(),
        (IpAddr::V6(own), IpAddr::V6(ip)) => (u128::from(own) ^ u128::from(ip)).leading_zeros(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    equal_bits >= u32::from(prefix)
}

#[cfg(test)]
#[path = "tests/plan.rs"]
mod tests;
