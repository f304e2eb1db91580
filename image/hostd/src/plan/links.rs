//! The interfaces of VLANs, and which interfaces are up.

use control::config::{Config, Vlan};
use netio::netlink::Link;

use super::{Kernel, Step};
use crate::named::Named;

/// The VLANs' interfaces that are to be made: those whose bond is there.
pub fn unmade(config: &Config, kernel: &Kernel) -> Vec<Step> {
    let missing = config
        .vlans
        .iter()
        .filter(|vlan| vlan_link(kernel, vlan).is_none());
    let steps = missing.filter_map(|vlan| {
        Some(Step::Vlan {
            name: vlan.interface(),
            ifindex: kernel.link(&vlan.bond)?.index,
            id: vlan.id,
        })
    });
    steps.collect()
}

/// The configured management port that this host does not have.
pub fn absent<'a>(config: &'a Config, kernel: &Kernel) -> Option<&'a str> {
    let port = config.management.as_ref()?;
    let is_there = kernel.link(&port.interface).is_some();
    (!is_there).then_some(port.interface.as_str())
}

/// Interfaces that are to be set up. The bonds' are the forwarder's; a VLAN's cannot be before its bond's.
pub(super) fn down(config: &Config, kernel: &Kernel) -> Vec<Step> {
    let management = config.management.iter();
    let management = management.filter_map(|port| kernel.link(&port.interface));
    let vlans = config.vlans.iter().filter_map(|vlan| {
        kernel.link(&vlan.bond).filter(|bond| bond.up)?;
        vlan_link(kernel, vlan)
    });
    management
        .chain(vlans)
        .filter(|link| !link.up)
        .map(step)
        .collect()
}

/// The interface of this name, if it is what the configuration means by it.
pub(super) fn own<'a>(config: &Config, kernel: &'a Kernel, name: &str) -> Option<&'a Link> {
    match config.vlans.iter().find(|vlan| vlan.interface() == name) {
        Some(vlan) => vlan_link(kernel, vlan),
        None => kernel.link(name),
    }
}

/// Interfaces of VLANs that are no more, and what was down before it became the management port, unless it
/// is one still or carries the data plane now.
pub(super) fn surplus(before: &Named, config: &Config, kernel: &Kernel) -> Vec<Step> {
    let named = Named::by(config);
    let vlans = before.vlans.iter().filter(|v| !named.vlans.contains(v));
    let vlans = vlans.filter_map(|(bond, id)| {
        let name = format!("{bond}.{id}");
        let link = kernel.link(&name).filter(|link| link.vlan == Some(*id))?;
        Some(Step::Vlan {
            ifindex: link.index,
            id: *id,
            name,
        })
    });
    let raised = before.raised.iter().filter(|name| !is_used(config, name));
    let up = raised.filter_map(|name| kernel.link(name).filter(|link| link.up));
    vlans.chain(up.map(step)).collect()
}

fn is_used(config: &Config, name: &str) -> bool {
    let mut members = config.bonds.iter().flat_map(|bond| &bond.members);
    let mut management = config.management.iter();
    members.any(|member| member.name == name) || management.any(|port| port.interface == name)
}

fn vlan_link<'a>(kernel: &'a Kernel, vlan: &Vlan) -> Option<&'a Link> {
    let bond = kernel.link(&vlan.bond)?.index;
    let link = kernel.link(&vlan.interface())?;
    (link.vlan == Some(vlan.id) && link.parent == Some(bond)).then_some(link)
}

fn step(link: &Link) -> Step {
    Step::Link {
        name: link.name.clone(),
        ifindex: link.index,
    }
}

#[cfg(test)]
#[path = "../tests/links.rs"]
mod tests;
