//! `[[route]]`: routes that the host keeps in the kernel, for itself and for next hops.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::management::{Management, network_of};
use super::section::Section;
use super::value::{address, exact_network, is_link_local};

/// One route by way of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The destination network; no bit is set below the prefix.
    pub destination: IpAddr,
    /// Its prefix length in bits.
    pub prefix: u8,
    /// The next hop, of the destination's family.
    pub gateway: IpAddr,
}

/// The routes; none by way of the `management` port, which has its own gateway.
pub(super) fn read(root: &Section<'_, '_>, management: Option<&Management>) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    let mut destinations = BTreeSet::new();
    for table in root.array("route") {
        let legal = "a network: \"0.0.0.0/0\" or \"2001:db8::/32\"";
        let destination = table.required("destination", legal, |value| exact_network(value, legal));
        let gateway = table.required("gateway", "the next hop's address", address);
        let (Some((destination, prefix)), Some(gateway)) = (destination, gateway) else {
            continue;
        };
        if destination.is_ipv4() != gateway.is_ipv4() {
            let family = if destination.is_ipv4() {
                "IPv4"
            } else {
                "IPv6"
            };
            table.fault(
                "gateway",
                format!("an {family} address, as the destination is"),
            );
        } else if let Some(own) = management.and_then(|port| near(port, gateway))
            && table.is_whole()
        {
            let legal = format!(
                "a next hop of the data plane: management has {own}, and its routes are \
                 management.gateway"
            );
            table.fault("gateway", legal);
        } else if !destinations.insert((destination, prefix)) {
            table.fault("destination", "a destination that no other route has");
        } else {
            routes.push(Route {
                destination,
                prefix,
                gateway,
            });
        }
    }
    routes.sort_unstable();
    routes
}

/// The management port's address on whose network `gateway` is.
fn near(management: &Management, gateway: IpAddr) -> Option<bond::Address> {
    network_of(gateway, &management.addresses).filter(|_| !is_link_local(gateway))
}
