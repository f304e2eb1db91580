//! `[[route]]`: routes that the host keeps in the kernel, for itself and for next hops.

use std::net::IpAddr;

use super::section::Section;
use super::value::{address, network, prefix};

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

const KEYS: &[&str] = &["destination", "gateway"];

pub(super) fn read(root: &Section<'_, '_>) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for table in root.array("route", KEYS) {
        let legal = "a network: \"0.0.0.0/0\" or \"2001:db8::/32\"";
        let destination = table.required("destination", legal, |value| {
            prefix(value)
                .map_err(|_| legal.to_owned())
                .and_then(|(ip, length)| {
                    let network = network(ip, length);
                    let exact = network == ip;
                    exact
                        .then_some((ip, length))
                        .ok_or_else(|| format!("a network: {network}/{length}"))
                })
        });
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
        } else if routes
            .iter()
            .any(|r| (r.destination, r.prefix) == (destination, prefix))
        {
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
