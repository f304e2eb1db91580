//! What only the host can tell: whether the interfaces and addresses of a configuration are free.
//!
//! A missing member is a fault at every start. What somebody else uses is one only when the
//! configuration is checked, before anything starts: a daemon that comes back after a crash does
//! not stay away because of an address that an operator added meanwhile.

use std::net::IpAddr;

use super::section::join;
use super::{Config, Fault};

/// One interface of this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its addresses, without those that the kernel gives by itself (IPv6 link-local).
    pub addresses: Vec<IpAddr>,
    /// The bridge, bond or the like that it is a port of.
    pub master: Option<String>,
    /// Whether it is a TUN or TAP interface, which the forwarder can take over.
    pub is_tap: bool,
}

impl Interface {
    /// An interface that nobody uses.
    #[must_use]
    pub fn unused(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

/// The members of bonds that are not among the interfaces `present`.
#[must_use]
pub fn check_present(config: &Config, present: &[Interface]) -> Vec<Fault> {
    let is_bond = |name: &str| config.bonds.iter().any(|bond| bond.name == name);
    let names = present.iter().map(|interface| interface.name.as_str());
    let nics: Vec<&str> = names
        .filter(|name| *name != "lo" && !is_bond(name))
        .collect();
    let legal = if nics.is_empty() {
        "an interface of this host, which has none but its loopback".to_owned()
    } else {
        format!("an interface of this host: {}", nics.join(", "))
    };
    let members = members(config).filter(|(_, name)| !is_bond(name) && !nics.contains(name));
    members
        .map(|(bond, name)| member_fault(config, bond, name, legal.clone()))
        .collect()
}

/// What of `config` somebody else uses already on a host that has the interfaces `present`.
#[must_use]
pub fn check_free(config: &Config, present: &[Interface]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if config.bonds.is_empty() {
        let legal = "at least one bond, [bond.NAME]: without one there is nothing to forward";
        faults.push(config.origin.fault("", None, legal));
    }
    let find = |name: &str| present.iter().find(|interface| interface.name == name);
    for (bond, name) in members(config).filter(|(_, name)| *name != "lo") {
        let Some(interface) = find(name) else {
            continue;
        };
        if let Some(master) = &interface.master {
            let legal = format!("a NIC that nothing else uses: it is a port of {master}");
            faults.push(member_fault(config, bond, name, legal));
        }
        if let Some(address) = interface.addresses.first() {
            let own = join(&join("bond", &bond.name), "addresses");
            let legal =
                format!("a NIC without addresses: it has {address}; the bond's belong into {own}");
            faults.push(member_fault(config, bond, name, legal));
        }
    }
    for bond in &config.bonds {
        if find(&bond.name).is_some_and(|interface| !interface.is_tap) {
            let key = join("bond", &bond.name);
            let legal = format!(
                "a name that is free: this host has an interface {}",
                bond.name
            );
            faults.push(config.origin.fault(&key, None, legal));
        }
    }
    faults.extend(virtual_addresses(config, present));
    faults
}

/// As [`check_free`], of `config` in place of `running`: what is so already is no fault, and the running
/// one's own addresses are free for others.
#[must_use]
pub fn check_newly_free(config: &Config, running: &Config, present: &[Interface]) -> Vec<Fault> {
    let mut others = present.to_vec();
    for interface in &mut others {
        let mut bonds = running.bonds.iter();
        let Some(own) = bonds.find(|bond| bond.name == interface.name) else {
            continue;
        };
        let is_own = |ip: &IpAddr| own.addresses.iter().any(|address| address.ip == *ip);
        interface.addresses.retain(|ip| !is_own(ip));
    }
    let known = check_free(running, &others);
    let mut faults = check_free(config, &others);
    faults.retain(|fault| {
        let is_same = |known: &Fault| {
            (&known.key, &known.value, &known.legal) == (&fault.key, &fault.value, &fault.legal)
        };
        !known.iter().any(is_same)
    });
    faults
}

/// Services and virtual routers on an address that an interface has. (That of a bond is a fault by
/// the file alone, or an address owner's.)
fn virtual_addresses(config: &Config, present: &[Interface]) -> Vec<Fault> {
    let services = config.services.services.iter().map(|service| {
        let key = join(&join("service", &service.name), "address");
        (key, service.address, service.endpoint().to_string())
    });
    let routers = config.routers.iter().flat_map(|router| {
        let key = join(&join("vrrp", &router.name), "virtual_ipaddress");
        let ips = router.virtual_ipaddress.iter();
        ips.map(move |ip| (key.clone(), *ip, ip.to_string()))
    });
    let mut faults = Vec::new();
    for (key, ip, value) in services.chain(routers) {
        let holds = |interface: &&Interface| interface.addresses.contains(&ip);
        let mut configured = config.bonds.iter().flat_map(|bond| &bond.addresses);
        let is_configured = configured.any(|address| address.ip == ip);
        if let Some(holder) = present.iter().find(holds).filter(|_| !is_configured) {
            let legal = format!(
                "an address that is not the host's own: {} has it",
                holder.name
            );
            let value = Some(format!("{value:?}"));
            faults.push(config.origin.fault(&key, value, legal));
        }
    }
    faults
}

fn members(config: &Config) -> impl Iterator<Item = (&bond::Config, &str)> {
    let bonds = config.bonds.iter();
    bonds.flat_map(|bond| {
        let members = bond.members.iter();
        members.map(move |member| (bond, member.name.as_str()))
    })
}

fn member_fault(config: &Config, bond: &bond::Config, name: &str, legal: String) -> Fault {
    let key = join(&join("bond", &bond.name), "members");
    config.origin.fault(&key, Some(format!("{name:?}")), legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\"]\n\
        [service.web]\nprotocol = \"tcp\"\naddress = \"10.1.0.100:80\"\n\
        method = \"nat\"\nscheduler = \"rr\"\n\
        [vrrp.inside]\ninterface = \"bond0\"\nvirtual_router_id = 1\n\
        virtual_ipaddress = [\"10.1.0.100\",\n\"10.1.0.1\"]\n";

    fn lines(check: fn(&Config, &[Interface]) -> Vec<Fault>, present: &[Interface]) -> Vec<String> {
        let config = super::super::parse("a.toml", CONFIG).expect("no fault");
        let faults = check(&config, present);
        faults.iter().map(ToString::to_string).collect()
    }

    fn with_address(name: &str, address: &str) -> Interface {
        Interface {
            addresses: vec![address.parse().expect("an address")],
            ..Interface::unused(name)
        }
    }

    #[test]
    fn an_unused_nic_and_a_tap_of_the_bonds_name_are_free() {
        let tap = Interface {
            is_tap: true,
            ..Interface::unused("bond0")
        };
        let present = [Interface::unused("eth1"), tap];
        assert_eq!(lines(check_free, &present), [""; 0]);
        assert_eq!(lines(check_present, &present), [""; 0]);
    }

    #[test]
    fn a_member_that_is_a_bridges_port_or_has_an_address_is_a_fault() {
        let port = Interface {
            master: Some("br0".to_owned()),
            ..with_address("eth1", "192.0.2.7")
        };
        assert_eq!(
            lines(check_free, &[port]),
            [
                "a.toml:3: bond.bond0.members = \"eth1\": a NIC that nothing else uses: \
                 it is a port of br0",
                "a.toml:3: bond.bond0.members = \"eth1\": a NIC without addresses: \
                 it has 192.0.2.7; the bond's belong into bond.bond0.addresses",
            ]
        );
    }

    #[test]
    fn a_bonds_name_that_another_interface_has_is_a_fault() {
        let present = [Interface::unused("eth1"), Interface::unused("bond0")];
        assert_eq!(
            lines(check_free, &present),
            ["a.toml:1: bond.bond0: a name that is free: this host has an interface bond0"]
        );
    }

    #[test]
    fn a_configuration_without_a_bond_has_nothing_to_do() {
        let config = super::super::parse("a.toml", "[lvs]\n").expect("no fault");
        let faults = check_free(&config, &[]);
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let expected =
            "a.toml: at least one bond, [bond.NAME]: without one there is nothing to forward";
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn a_virtual_address_that_an_interface_has_is_a_fault() {
        let present = [
            with_address("lo", "10.1.0.100"),
            with_address("eth0", "10.1.0.1"),
            with_address("eth7", "10.1.0.9"),
        ];
        assert_eq!(
            lines(check_free, &present),
            [
                "a.toml:6: service.web.address = \"10.1.0.100:80\": an address that is not the \
                 host's own: lo has it",
                "a.toml:12: vrrp.inside.virtual_ipaddress = \"10.1.0.100\": an address that is not \
                 the host's own: lo has it",
                "a.toml:13: vrrp.inside.virtual_ipaddress = \"10.1.0.1\": an address that is not \
                 the host's own: eth0 has it",
            ]
        );
    }

    #[test]
    fn of_another_configuration_only_what_is_new_is_a_fault() {
        let before = CONFIG
            .replace("[\"10.1.0.100\",\n\"10.1.0.1\"]", "[\"10.1.0.100\"]")
            .replace(
                "[service.web]",
                "addresses = [\"10.1.0.1/24\"]\n[service.web]",
            );
        let parse = |text: &str| super::super::parse("a.toml", text).expect("no fault");
        let (running, config) = (parse(&before), parse(CONFIG));
        let lines = |present: &[Interface]| -> Vec<String> {
            let faults = check_newly_free(&config, &running, present);
            faults.iter().map(ToString::to_string).collect()
        };
        // bond0 is no TAP as far as can be seen, and lo has a virtual address, both already.
        let so_already = [
            with_address("bond0", "10.1.0.1"),
            with_address("lo", "10.1.0.100"),
        ];
        assert_eq!(lines(&so_already), [""; 0]);
        assert_eq!(
            lines(&[with_address("eth0", "10.1.0.1")]),
            [
                "a.toml:13: vrrp.inside.virtual_ipaddress = \"10.1.0.1\": an address that is not \
                 the host's own: eth0 has it"
            ]
        );
        // Going the other way, what was virtual is the bond's.
        let back = check_newly_free(&running, &config, &so_already);
        assert_eq!(back, []);
    }

    #[test]
    fn neither_the_loopback_nor_a_bond_is_offered_as_a_member() {
        let nothing = [Interface::unused("lo"), Interface::unused("bond0")];
        let start = "a.toml:3: bond.bond0.members = \"eth1\": an interface of this host";
        assert_eq!(
            lines(check_present, &nothing),
            [format!("{start}, which has none but its loopback")]
        );
        assert_eq!(
            lines(check_present, &[Interface::unused("eth7")]),
            [format!("{start}: eth7")]
        );
    }
}
