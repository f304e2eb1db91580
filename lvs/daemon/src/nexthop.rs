//! Next hops: the kernel's routes and neighbours as one immutable snapshot.

use std::collections::HashMap;
use std::net::IpAddr;

use wire::Mac;

use crate::quick_hash::QuickMap;

/// A route of the kernel's main table, as far as forwarding needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// First address of the destination prefix.
    pub destination: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
    /// The router, or none when the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The outgoing interface.
    pub ifindex: u32,
    /// The kernel's metric: the lowest wins.
    pub metric: u32,
}

/// What the snapshot knows about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Send it there.
    Reachable {
        /// The bond, by its place in the configuration.
        bond: usize,
        /// The next hop's MAC.
        mac: Mac,
    },
    /// The route is known, the neighbour's MAC is not.
    Unresolved {
        /// The interface that the kernel must ask on.
        ifindex: u32,
        /// Whom it must ask for.
        neighbour: IpAddr,
    },
    /// No route over a bond.
    NoRoute,
}

type Key = (bool, u128);

/// Routes by longest prefix, and neighbours.
#[derive(Debug, Default)]
pub struct NextHops {
    /// Prefix lengths in use for IPv4 and IPv6, longest first.
    lengths: [Vec<u8>; 2],
    routes: QuickMap<(Key, u8), Route>,
    neighbours: QuickMap<(u32, Key), Mac>,
    /// Which bond an interface index is the host interface of.
    bonds: QuickMap<u32, usize>,
}

impl NextHops {
    /// Builds a snapshot; of several routes to one prefix the lowest metric stays.
    #[must_use]
    pub fn new(
        routes: impl IntoIterator<Item = Route>,
        neighbours: HashMap<(u32, IpAddr), Mac>,
        bonds: HashMap<u32, usize>,
    ) -> Self {
        let neighbours = neighbours
            .into_iter()
            .map(|((ifindex, address), mac)| ((ifindex, key(address)), mac));
        let mut built = Self {
            neighbours: neighbours.collect(),
            bonds: bonds.into_iter().collect(),
            ..Self::default()
        };
        for route in routes {
            let key = (masked(route.destination, route.prefix), route.prefix);
            let lengths = &mut built.lengths[usize::from(route.destination.is_ipv6())];
            if !lengths.contains(&route.prefix) {
                lengths.push(route.prefix);
            }
            let kept = built.routes.entry(key).or_insert(route);
            if route.metric < kept.metric {
                *kept = route;
            }
        }
        for lengths in &mut built.lengths {
            lengths.sort_unstable_by(|a, b| b.cmp(a));
        }
        built
    }

    /// Where a packet to `destination` goes next.
    #[must_use]
    pub fn resolve(&self, destination: IpAddr) -> Resolution {
        let Some(route) = self.route(destination) else {
            return Resolution::NoRoute;
        };
        let Some(&bond) = self.bonds.get(&route.ifindex) else {
            return Resolution::NoRoute;
        };
        let neighbour = route.gateway.unwrap_or(destination);
        match self.neighbours.get(&(route.ifindex, key(neighbour))) {
            Some(&mac) => Resolution::Reachable { bond, mac },
            None => Resolution::Unresolved {
                ifindex: route.ifindex,
                neighbour,
            },
        }
    }

    /// The bond by which a packet to `destination` would leave.
    #[must_use]
    pub fn bond_towards(&self, destination: IpAddr) -> Option<usize> {
        self.bonds.get(&self.route(destination)?.ifindex).copied()
    }

    fn route(&self, destination: IpAddr) -> Option<&Route> {
        let lengths = &self.lengths[usize::from(destination.is_ipv6())];
        lengths
            .iter()
            .find_map(|&prefix| self.routes.get(&(masked(destination, prefix), prefix)))
    }
}

/// The family and all bits of an address.
fn key(address: IpAddr) -> Key {
    masked(address, u8::MAX)
}

/// The family and the first `prefix` bits of an address.
fn masked(address: IpAddr, prefix: u8) -> Key {
    let (bits, width) = match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let host_bits = u32::from(width - prefix.min(width));
    let kept = bits.checked_shr(host_bits).unwrap_or(0);
    (address.is_ipv6(), kept.checked_shl(host_bits).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn route(destination: &str, prefix: u8, gateway: Option<&str>, ifindex: u32) -> Route {
        let gateway = gateway.map(|g| g.parse().unwrap());
        Route {
            destination: destination.parse().unwrap(),
            prefix,
            gateway,
            ifindex,
            metric: 0,
        }
    }

    fn hops(routes: Vec<Route>) -> NextHops {
        let neighbours = [
            ((3, "10.0.0.7".parse().unwrap()), MAC),
            ((3, "10.0.0.1".parse().unwrap()), Mac([2, 0, 0, 0, 0, 1])),
            ((3, "2001:db8::1".parse().unwrap()), MAC),
        ];
        NextHops::new(routes, HashMap::from(neighbours), HashMap::from([(3, 0)]))
    }

    #[test]
    fn an_on_link_neighbour_is_sent_to_directly() {
        let hops = hops(vec![route("10.0.0.0", 24, None, 3)]);
        let reached = Resolution::Reachable { bond: 0, mac: MAC };
        assert_eq!(hops.resolve("10.0.0.7".parse().unwrap()), reached);
        let asked = Resolution::Unresolved {
            ifindex: 3,
            neighbour: "10.0.0.8".parse().unwrap(),
        };
        assert_eq!(hops.resolve("10.0.0.8".parse().unwrap()), asked);
    }

    #[test]
    fn the_longest_prefix_wins_and_the_rest_goes_to_the_gateway() {
        let hops = hops(vec![
            route("0.0.0.0", 0, Some("10.0.0.1"), 3),
            route("10.0.0.0", 24, None, 3),
            route("::", 0, Some("2001:db8::1"), 3),
        ]);
        let gateway = Resolution::Reachable {
            bond: 0,
            mac: Mac([2, 0, 0, 0, 0, 1]),
        };
        assert_eq!(hops.resolve("192.0.2.1".parse().unwrap()), gateway);
        let on_link = Resolution::Reachable { bond: 0, mac: MAC };
        assert_eq!(hops.resolve("10.0.0.7".parse().unwrap()), on_link);
        assert_eq!(hops.resolve("2001:db8:ffff::5".parse().unwrap()), on_link);
    }

    #[test]
    fn of_two_routes_to_a_prefix_the_lower_metric_wins() {
        let cheap = route("0.0.0.0", 0, Some("10.0.0.7"), 3);
        let dear = Route {
            metric: 100,
            ..route("0.0.0.0", 0, Some("10.0.0.1"), 3)
        };
        for order in [vec![cheap, dear], vec![dear, cheap]] {
            let reached = Resolution::Reachable { bond: 0, mac: MAC };
            assert_eq!(hops(order).resolve("192.0.2.1".parse().unwrap()), reached);
        }
    }

    #[test]
    fn a_route_over_the_management_port_is_no_route() {
        let hops = hops(vec![route("10.0.0.0", 24, None, 9)]);
        assert_eq!(
            hops.resolve("10.0.0.7".parse().unwrap()),
            Resolution::NoRoute
        );
        assert_eq!(
            hops.resolve("2001:db8::1".parse().unwrap()),
            Resolution::NoRoute
        );
    }
}
