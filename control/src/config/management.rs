//! `[management]`: the port by which the box is managed, which never carries the data plane.

use std::net::IpAddr;

use bond::Address;

use super::section::{Legal, Section};
use super::value::{
    address, addresses, bits, exact_network, interface, is_link_local, network, once, overlap,
};

/// The management port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Management {
    /// The NIC; a member of no bond.
    pub interface: String,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// The default routes of what leaves by this port; at most one for each family.
    pub gateway: Vec<IpAddr>,
    /// The networks whose hosts may open connections to the box through this port; empty: every host may.
    pub allow: Vec<Address>,
}

const ALLOW_LEGAL: &str = "a network, each once: \"192.0.2.0/24\" or \"2001:db8::/32\"";

const GATEWAY_LEGAL: &str = "one gateway for each family";

/// Reads `[management]`.
pub(super) fn read(root: &Section<'_, '_>) -> Option<Management> {
    let table = root.section("management")?;
    let interface = table.required("interface", "the name of a NIC: \"eth0\"", interface);
    let addresses = addresses(&table);
    let gateway = once(&table, "gateway", GATEWAY_LEGAL, |value| {
        let ip = address(value)?;
        if table.is_whole() {
            on_link(ip, &addresses)?;
        }
        Ok(Some((ip.is_ipv4(), ip)))
    });
    let allow = once(&table, "allow", ALLOW_LEGAL, |value| {
        let (ip, prefix) = exact_network(value, ALLOW_LEGAL)?;
        Ok(Some(((ip, prefix), Address { ip, prefix })))
    });
    Some(Management {
        interface: interface?,
        addresses,
        gateway,
        allow,
    })
}

/// The address whose network `ip` is on.
pub(super) fn network_of(ip: IpAddr, addresses: &[Address]) -> Option<Address> {
    let mut own = addresses.iter();
    own.find(|own| overlap((own.ip, own.prefix), (ip, bits(&ip))))
        .copied()
}

/// A gateway is another host on one of the port's networks.
fn on_link(gateway: IpAddr, addresses: &[Address]) -> Legal<()> {
    let is_own = addresses.iter().any(|own| own.ip == gateway);
    if !is_own && (is_link_local(gateway) || network_of(gateway, addresses).is_some()) {
        return Ok(());
    }
    let networks = addresses
        .iter()
        .filter(|own| own.ip.is_ipv4() == gateway.is_ipv4())
        .map(|own| format!("{}/{}", network(own.ip, own.prefix), own.prefix));
    let networks: Vec<String> = networks.collect();
    Err(if networks.is_empty() {
        "another host on a network of management.addresses, which has none of this family"
            .to_owned()
    } else {
        format!(
            "another host on the port's network: {}",
            networks.join(" | ")
        )
    })
}
