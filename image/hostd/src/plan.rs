//! What the kernel lacks of what is configured, and what it has of what was: pure functions.

mod links;
mod management;

use std::fmt;
use std::net::IpAddr;

use control::config::{Config, Route};
use netio::netlink::{self, Link, Rule};

pub use links::{absent, unmade};

use crate::named::{Named, interfaces};

/// What the kernel has.
#[derive(Debug, Default)]
pub struct Kernel {
    /// Its interfaces.
    pub links: Vec<Link>,
    /// Its addresses.
    pub addresses: Vec<netlink::Address>,
    /// Its routes, of all tables.
    pub routes: Vec<netlink::Route>,
    /// Its rules that pick a table.
    pub rules: Vec<Rule>,
}

impl Kernel {
    /// The interface of this name.
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }
}

/// One thing to add or to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The interface of a VLAN.
    Vlan {
        /// Its name.
        name: String,
        /// The interface that it is on; its own one when it is to go.
        ifindex: u32,
        /// The VLAN identifier.
        id: u16,
    },
    /// An interface's being up.
    Link {
        /// Its name.
        name: String,
        /// The interface.
        ifindex: u32,
    },
    /// An address of an interface.
    Address(netlink::Address),
    /// A route.
    Route {
        /// Destination and gateway.
        route: Route,
        /// The interface on whose link the gateway is; none: the kernel knows the way.
        ifindex: Option<u32>,
    },
    /// A route of the management port.
    Management(netlink::Route),
    /// A rule for what comes from an address of the management port.
    Rule(Rule),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vlan { name, .. } => write!(f, "interface {name}"),
            Self::Link { name, .. } => write!(f, "link of {name}"),
            Self::Address(a) => write!(f, "address {}/{}", a.address, a.prefix),
            Self::Route { route: r, .. } => {
                write!(f, "route {}/{} via {}", r.destination, r.prefix, r.gateway)
            }
            Self::Management(r) => {
                let (to, prefix, table) = (r.destination, r.prefix, r.table);
                write!(f, "management route {to}/{prefix} of table {table}")
            }
            Self::Rule(r) => write!(f, "management rule from {}", r.source.0),
        }
    }
}

/// What is missing, addresses before the routes that need them.
///
/// An interface that is not there yet is left out, and with it the routes by way of its link.
pub fn missing(config: &Config, kernel: &Kernel) -> Vec<Step> {
    let mut steps = links::down(config, kernel);
    for (name, addresses) in interfaces(config) {
        let Some(link) = links::own(config, kernel, &name) else {
            continue;
        };
        let addresses = addresses.iter().map(|(ip, prefix)| netlink::Address {
            ifindex: link.index,
            address: *ip,
            prefix: *prefix,
        });
        steps.extend(
            addresses
                .filter(|a| !kernel.addresses.contains(a))
                .map(Step::Address),
        );
    }
    let routes = config.routes.iter();
    steps.extend(routes.filter_map(|route| missing_route(config, kernel, route)));
    steps.extend(management::missing(config, kernel));
    steps
}

fn missing_route(config: &Config, kernel: &Kernel, route: &Route) -> Option<Step> {
    let interfaces = interfaces(config);
    let out = interfaces
        .iter()
        .find(|(_, own)| own.iter().any(|own| is_on_link(*own, route.gateway)));
    let ifindex = match out {
        Some((name, _)) => {
            let link = links::own(config, kernel, name);
            Some(link.filter(|link| link.up)?.index)
        }
        None => None,
    };
    let there = kernel.routes.iter().any(|have| {
        have.is_unicast_main()
            && (have.destination, have.prefix) == (route.destination, route.prefix)
            && have.gateway == Some(route.gateway)
            && have.metric != management::METRIC
            && ifindex.is_none_or(|ifindex| have.ifindex == ifindex)
    });
    (!there).then_some(Step::Route {
        route: *route,
        ifindex,
    })
}

/// What is there because `before` named it and `config` does not: exactly that, in the reverse of the order
/// in which it was added.
pub fn surplus(before: &Named, config: &Config, kernel: &Kernel) -> Vec<Step> {
    let named = Named::by(config);
    let mut steps = management::surplus(before, config, kernel);
    let routes = before.routes.iter().filter(|r| !named.routes.contains(r));
    steps.extend(routes.flat_map(|route| surplus_routes(before, *route, kernel)));
    let addresses = before.addresses.iter();
    let gone = addresses.filter(|address| !named.addresses.contains(address));
    let held = gone.filter_map(|address| {
        let held = netlink::Address {
            ifindex: kernel.link(&address.interface)?.index,
            address: address.ip,
            prefix: address.prefix,
        };
        kernel.addresses.contains(&held).then_some(held)
    });
    steps.extend(held.map(Step::Address));
    steps.extend(links::surplus(before, config, kernel));
    steps
}

/// The kernel's routes of this destination and gateway by the interface on whose link the gateway was; where
/// it was on none, by any interface.
fn surplus_routes(
    before: &Named,
    (destination, prefix, gateway): (IpAddr, u8, IpAddr),
    kernel: &Kernel,
) -> Vec<Step> {
    let mut own = before.addresses.iter();
    let out = own.find(|own| is_on_link((own.ip, own.prefix), gateway));
    let out = out.map(|own| kernel.link(&own.interface).map_or(0, |link| link.index));
    let held = kernel.routes.iter().filter(|have| {
        have.is_unicast_main()
            && (have.destination, have.prefix) == (destination, prefix)
            && have.gateway == Some(gateway)
            && have.metric != management::METRIC
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

/// Whether `ip` is on the link of an interface with the address `own`.
fn is_on_link((own, prefix): (IpAddr, u8), ip: IpAddr) -> bool {
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
