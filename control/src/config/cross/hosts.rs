//! Faults between the host's interfaces: bonds, VLANs and the management port.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bond::Address;

use super::super::Vlan;
use super::super::value::{is_link_local, overlap};
use super::{Config, Fault, join};

/// Every such fault.
pub(super) fn faults(config: &Config, faults: &mut Vec<Fault>) {
    addresses(config, faults);
    names(config, faults);
    management(config, faults);
}

/// An interface of the host that the configuration gives addresses.
struct Port<'c> {
    /// Its table: `bond.bond0`, `bond.bond0.vlan.100`, `management`.
    table: String,
    addresses: &'c [Address],
}

/// The interfaces in the order of the file, so that of two that collide the later one is at fault.
fn ports(config: &Config) -> Vec<Port<'_>> {
    let mut ports = data_ports(config);
    if let Some(management) = &config.management {
        ports.push(Port {
            table: "management".to_owned(),
            addresses: &management.addresses,
        });
    }
    ports.sort_by_key(|port| config.origin.line(&port.table));
    ports
}

/// The interfaces of the data plane.
fn data_ports(config: &Config) -> Vec<Port<'_>> {
    let bonds = config.bonds.iter().map(|bond| Port {
        table: join("bond", &bond.name),
        addresses: &bond.addresses,
    });
    let vlans = config.vlans.iter().map(|vlan| Port {
        table: vlan_table(vlan),
        addresses: &vlan.addresses,
    });
    bonds.chain(vlans).collect()
}

fn vlan_table(vlan: &Vlan) -> String {
    join(
        &join(&join("bond", &vlan.bond), "vlan"),
        &vlan.id.to_string(),
    )
}

/// The table that has each address of the host's own.
pub(in super::super) fn owners(config: &Config) -> BTreeMap<IpAddr, String> {
    let mut owners = BTreeMap::new();
    for port in ports(config) {
        for address in port.addresses {
            owners.entry(address.ip).or_insert(port.table.clone());
        }
    }
    owners
}

fn address_fault(config: &Config, table: &str, address: Address, legal: String) -> Fault {
    let value = Some(format!("{:?}", address.to_string()));
    config.origin.fault(&join(table, "addresses"), value, legal)
}

/// An address of the host belongs to one interface.
fn addresses(config: &Config, faults: &mut Vec<Fault>) {
    let mut owners = BTreeMap::new();
    for port in ports(config) {
        for address in port.addresses {
            if let Some(other) = owners.insert(address.ip, port.table.clone()) {
                let legal = format!("an address that no other interface has: {other} has it");
                faults.push(address_fault(config, &port.table, *address, legal));
            }
        }
    }
}

/// A bond, a VLAN and the management port are three interfaces.
fn names(config: &Config, faults: &mut Vec<Fault>) {
    for vlan in &config.vlans {
        let name = vlan.interface();
        if config.bonds.iter().any(|bond| bond.name == name) {
            let other = join("bond", &name);
            let legal = format!("a VLAN whose interface {name} is no bond: {other} has the name");
            faults.push(config.origin.fault(&vlan_table(vlan), None, legal));
        }
    }
    let Some(name) = config.management.as_ref().map(|port| &port.interface) else {
        return;
    };
    let of_bond = config.bonds.iter().find_map(|bond| {
        let table = join("bond", &bond.name);
        let mut members = bond.members.iter();
        if bond.name == *name {
            Some(format!("{table} is a bond"))
        } else {
            let is_member = members.any(|member| member.name == *name);
            is_member.then(|| format!("{table} has it as a member"))
        }
    });
    let mut vlans = config.vlans.iter();
    let of_vlan = vlans.find(|vlan| vlan.interface() == *name);
    let of_vlan = of_vlan.map(|vlan| format!("{} is a VLAN", vlan_table(vlan)));
    if let Some(other) = of_bond.or(of_vlan) {
        let value = Some(format!("{name:?}"));
        let legal = format!("a NIC of its own: {other}");
        let fault = config.origin.fault("management.interface", value, legal);
        faults.push(fault);
    }
}

/// A network is on one side only: replies would go out of the other. (Each port has fe80::/10.)
fn management(config: &Config, faults: &mut Vec<Fault>) {
    let Some(management) = &config.management else {
        return;
    };
    let data = data_ports(config);
    for own in management
        .addresses
        .iter()
        .filter(|own| !is_link_local(own.ip))
    {
        let meets = |other: &&Address| {
            other.ip != own.ip && overlap((own.ip, own.prefix), (other.ip, other.prefix))
        };
        let mut found = data.iter().filter_map(|port| {
            let other = port.addresses.iter().find(meets)?;
            Some((port, other))
        });
        if let Some((port, other)) = found.next() {
            let legal = format!(
                "a network apart from the data plane's, or replies would go astray: {} has {other}",
                port.table
            );
            faults.push(address_fault(config, "management", *own, legal));
        }
    }
}
