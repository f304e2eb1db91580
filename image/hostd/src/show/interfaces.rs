//! `show interfaces`: each interface of the host, and each that the configuration names and the host lacks.

use std::fs;
use std::path::Path;

use control::config::Config;
use control::show::InterfaceItem;
use netio::ethtool::Ethtool;
use netio::netlink::Link;

use crate::plan::Kernel;

/// What sysfs says of a NIC.
#[derive(Debug, Default)]
struct Device {
    driver: Option<String>,
    bus: Option<String>,
}

/// All interfaces but the loopback, by name: `eth2` before `eth10`.
pub fn interfaces(config: &Config, kernel: &Kernel) -> Vec<InterfaceItem> {
    let ethtool = Ethtool::open().ok();
    let links = kernel.links.iter().filter(|link| link.name != "lo");
    let mut items: Vec<_> = links
        .map(|link| {
            // What a virtual interface says of its speed is made up.
            let nic = ethtool.as_ref().filter(|_| link.kind.is_none());
            let settings = nic.and_then(|nic| nic.link_settings(&link.name).ok());
            let device = device(Path::new("/sys/class/net"), link);
            let mut item = item(config, kernel, link);
            item.speed = settings.and_then(|settings| settings.speed);
            item.driver = device.driver;
            item.bus = device.bus;
            item
        })
        .collect();
    items.extend(missing(config, kernel).into_iter().map(nowhere));
    items.sort_by(|a, b| order(&a.name).cmp(&order(&b.name)));
    items
}

fn item(config: &Config, kernel: &Kernel, link: &Link) -> InterfaceItem {
    let own = kernel.addresses.iter().filter(|a| a.ifindex == link.index);
    let own = own.filter(|a| !is_link_local(a.address));
    // A member has the bond's MAC address while it is one.
    let mac = link.permanent_mac.or(link.mac);
    InterfaceItem {
        name: link.name.clone(),
        role: role(config, &link.name),
        up: link.up,
        carrier: link.carrier,
        mac: mac.map(|mac| mac.to_string()),
        mtu: link.mtu,
        speed: None,
        driver: None,
        bus: None,
        addresses: own.map(|a| format!("{}/{}", a.address, a.prefix)).collect(),
    }
}

/// One that is not there.
fn nowhere(name: String) -> InterfaceItem {
    InterfaceItem {
        name,
        role: "missing".to_owned(),
        up: false,
        carrier: false,
        mac: None,
        mtu: 0,
        speed: None,
        driver: None,
        bus: None,
        addresses: Vec::new(),
    }
}

fn role(config: &Config, name: &str) -> String {
    if config
        .management
        .as_ref()
        .is_some_and(|port| port.interface == name)
    {
        return "management".to_owned();
    }
    for bond in &config.bonds {
        if bond.name == name {
            return "bond".to_owned();
        }
        if bond.members.iter().any(|member| member.name == name) {
            return format!("member of {}", bond.name);
        }
    }
    match config.vlans.iter().find(|vlan| vlan.interface() == name) {
        Some(vlan) => format!("vlan {} of {}", vlan.id, vlan.bond),
        None => "unused".to_owned(),
    }
}

/// The NICs that the configuration names and the host does not have.
fn missing(config: &Config, kernel: &Kernel) -> Vec<String> {
    let management = config.management.iter().map(|port| &port.interface);
    let members = config.bonds.iter().flat_map(|bond| &bond.members);
    let named = management.chain(members.map(|member| &member.name));
    let missing = named.filter(|name| kernel.link(name).is_none());
    missing.cloned().collect()
}

/// What sysfs says, where it shows this namespace's interface of the name.
fn device(net: &Path, link: &Link) -> Device {
    let dir = net.join(&link.name);
    let index = fs::read_to_string(dir.join("ifindex")).ok();
    if index.and_then(|text| text.trim().parse().ok()) != Some(link.index) {
        return Device::default();
    }
    let last = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    let driver = fs::canonicalize(dir.join("device/driver")).ok();
    let place = fs::canonicalize(dir.join("device")).ok();
    let bus = place.and_then(|place| {
        let own = last(&place)?;
        // A virtio device is on a bus of its own; where that is plugged in is what people can see.
        if own.starts_with("virtio") {
            last(place.parent()?)
        } else {
            Some(own)
        }
    });
    Device {
        driver: driver.as_deref().and_then(last),
        bus,
    }
}

fn is_link_local(ip: std::net::IpAddr) -> bool {
    match ip {
        std::net::IpAddr::V4(_) => false,
        std::net::IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// The name as people order it: the number at its end as a number.
fn order(name: &str) -> (&str, u64, &str) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name
        .get(stem.len()..)
        .and_then(|digits| digits.parse().ok());
    (stem, number.unwrap_or(0), name)
}

#[cfg(test)]
#[path = "../tests/interfaces.rs"]
mod tests;
