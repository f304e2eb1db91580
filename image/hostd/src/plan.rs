//! What the kernel lacks of what is configured: a pure function of both.

use std::net::IpAddr;

use control::config::{Config, Route};
use netio::netlink::{self, Link};

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

/// One thing to add.
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
mod tests {
    use netio::netlink::RouteKind;

    use super::*;

    const CONFIG: &str = include_str!("../tests/appliance.toml");

    fn config() -> Config {
        control::config::parse("test.toml", CONFIG).expect("no fault")
    }

    fn bond0(up: bool) -> Link {
        Link {
            index: 7,
            name: "bond0".to_owned(),
            up,
            ..Link::default()
        }
    }

    fn address(ifindex: u32, address: &str, prefix: u8) -> netlink::Address {
        netlink::Address {
            ifindex,
            address: address.parse().expect("address"),
            prefix,
        }
    }

    fn route(destination: &str, prefix: u8, gateway: &str) -> netlink::Route {
        netlink::Route {
            destination: destination.parse().expect("address"),
            prefix,
            gateway: Some(gateway.parse().expect("address")),
            ifindex: 7,
            metric: 0,
            source: None,
            table: 254,
            kind: RouteKind::Unicast,
        }
    }

    fn complete() -> Kernel {
        Kernel {
            links: vec![bond0(true)],
            addresses: vec![address(7, "10.1.0.2", 24), address(7, "2001:db8:1::2", 64)],
            routes: vec![
                route("0.0.0.0", 0, "10.1.0.1"),
                route("2001:db8:9::", 48, "2001:db8:1::1"),
            ],
        }
    }

    #[test]
    fn nothing_is_missing_when_all_is_there() {
        assert_eq!(missing(&config(), &complete()), []);
    }

    #[test]
    fn a_new_interface_gets_all_its_addresses_and_then_the_routes() {
        let kernel = Kernel {
            links: vec![bond0(true)],
            ..Kernel::default()
        };
        let config = config();
        let routes = config.routes.iter().map(|r| Step::Route {
            route: *r,
            ifindex: Some(7),
        });
        let addresses = complete().addresses.into_iter().map(Step::Address);
        let all: Vec<_> = addresses.chain(routes).collect();
        assert_eq!(missing(&config, &kernel), all);
    }

    #[test]
    fn an_interface_of_another_name_gets_nothing() {
        let other = Link {
            name: "bond1".to_owned(),
            ..bond0(true)
        };
        let kernel = Kernel {
            links: vec![other],
            ..Kernel::default()
        };
        assert_eq!(missing(&config(), &kernel), []);
    }

    #[test]
    fn an_interface_that_is_down_gets_its_addresses_and_no_route() {
        let kernel = Kernel {
            links: vec![bond0(false)],
            ..Kernel::default()
        };
        let steps = missing(&config(), &kernel);
        assert_eq!(
            steps,
            complete()
                .addresses
                .into_iter()
                .map(Step::Address)
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn the_same_address_on_another_interface_or_with_another_prefix_does_not_count() {
        for stray in [address(8, "10.1.0.2", 24), address(7, "10.1.0.2", 32)] {
            let mut kernel = complete();
            kernel.addresses[0] = stray;
            let own = address(7, "10.1.0.2", 24);
            assert_eq!(
                missing(&config(), &kernel),
                [Step::Address(own)],
                "{stray:?}"
            );
        }
    }

    #[test]
    fn a_route_by_another_way_or_in_another_table_does_not_count() {
        let elsewhere = netlink::Route {
            ifindex: 8,
            ..route("0.0.0.0", 0, "10.1.0.1")
        };
        let table = netlink::Route {
            table: 100,
            ..route("0.0.0.0", 0, "10.1.0.1")
        };
        for stray in [elsewhere, table, route("0.0.0.0", 0, "10.1.0.9")] {
            let mut kernel = complete();
            kernel.routes[0] = stray;
            let config = config();
            let own = Step::Route {
                route: config.routes[0],
                ifindex: Some(7),
            };
            assert_eq!(missing(&config, &kernel), [own], "{stray:?}");
        }
    }

    #[test]
    fn a_gateway_on_no_bonds_link_is_left_to_the_kernel() {
        let text = CONFIG.replace("gateway = \"10.1.0.1\"", "gateway = \"192.0.2.1\"");
        let config = control::config::parse("test.toml", &text).expect("no fault");
        let steps = missing(&config, &complete());
        assert_eq!(
            steps,
            [Step::Route {
                route: config.routes[0],
                ifindex: None
            }]
        );
        let kernel = Kernel {
            routes: vec![route("0.0.0.0", 0, "192.0.2.1")],
            ..complete()
        };
        assert!(
            !missing(&config, &kernel).contains(&steps[0]),
            "it is there, by any interface"
        );
    }

    #[test]
    fn a_prefix_decides_what_is_on_the_link() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("address");
        assert!(on_link(ip("10.1.0.2"), 24, ip("10.1.0.255")));
        assert!(!on_link(ip("10.1.0.2"), 24, ip("10.1.1.2")));
        assert!(on_link(ip("10.1.0.2"), 32, ip("10.1.0.2")));
        assert!(on_link(ip("2001:db8::1"), 64, ip("2001:db8::ffff:1")));
        assert!(!on_link(ip("2001:db8::1"), 64, ip("2001:db8:0:1::1")));
        assert!(!on_link(ip("0.0.0.0"), 0, ip("::")), "another family");
    }
}
