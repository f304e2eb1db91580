//! What only the host can tell: whether the interfaces and addresses of a configuration are free.
//!
//! A NIC that is missing keeps nobody from starting: it is a line at the start ([`check_present`]),
//! and a member that is down and absent from there on ([`missing`]). Only a configuration that is the
//! first to name it is refused ([`check_newly_present`]). What somebody else uses is a fault when the
//! configuration is checked, before anything starts: a daemon that comes back after a crash does not
//! stay away because of an address that an operator added meanwhile.

use std::net::IpAddr;

use super::section::join;
use super::{Config, Fault, cross};

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

/// The NICs that `config` names, members in the order of their bonds and then the management port,
/// and that are not among the interfaces `present`.
#[must_use]
pub fn missing<'c>(config: &'c Config, present: &[Interface]) -> Vec<&'c str> {
    let names = named(config).into_iter().map(|(_, name)| name);
    names
        .filter(|name| !is_there(config, present, name))
        .collect()
}

/// A fault for each NIC that `config` names and that is not among the interfaces `present`. None of
/// them is a reason not to start, nor to refuse a configuration that does not name it anew.
#[must_use]
pub fn check_present(config: &Config, present: &[Interface]) -> Vec<Fault> {
    let names = present.iter().map(|interface| interface.name.as_str());
    let nics: Vec<&str> = names
        .filter(|name| is_there(config, present, name))
        .collect();
    let legal = if nics.is_empty() {
        "an interface of this host, which has none but its loopback".to_owned()
    } else {
        format!("an interface of this host: {}", nics.join(", "))
    };
    named(config)
        .into_iter()
        .filter(|(_, name)| !is_there(config, present, name))
        .map(|(key, name)| {
            let value = Some(format!("{name:?}"));
            config.origin.fault(&key, value, legal.clone())
        })
        .collect()
}

/// As [`check_present`], of `config` in place of `running`: only the NICs that the running one does
/// not name. What a daemon asks before it accepts a transaction.
#[must_use]
pub fn check_newly_present(config: &Config, running: &Config, present: &[Interface]) -> Vec<Fault> {
    let known = named(running);
    let mut faults = check_present(config, present);
    faults.retain(|fault| {
        let is_it = |name: &str| fault.value.as_deref() == Some(format!("{name:?}").as_str());
        !known.iter().any(|(_, name)| is_it(name))
    });
    faults
}

/// The NICs that a configuration names, each with its key.
fn named(config: &Config) -> Vec<(String, &str)> {
    let members = members(config).map(|(bond, name)| (members_key(bond), name));
    let management = config.management.iter();
    let management = management.map(|port| {
        let key = "management.interface".to_owned();
        (key, port.interface.as_str())
    });
    members.chain(management).collect()
}

/// Whether a NIC is there: the loopback is none, and neither is a bond's own interface.
fn is_there(config: &Config, present: &[Interface], name: &str) -> bool {
    let is_bond = config.bonds.iter().any(|bond| bond.name == name);
    let is_vlan = config.vlans.iter().any(|vlan| vlan.interface() == name);
    name != "lo" && !is_bond && !is_vlan && present.iter().any(|other| other.name == name)
}

/// What of `config` somebody else uses already on a host that has the interfaces `present`.
#[must_use]
pub fn check_free(config: &Config, present: &[Interface]) -> Vec<Fault> {
    let mut faults = Vec::new();
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
    if let Some(port) = &config.management
        && let Some(master) = find(&port.interface).and_then(|nic| nic.master.as_ref())
    {
        let value = Some(format!("{:?}", port.interface));
        let legal = format!("a NIC that nothing else uses: it is a port of {master}");
        let fault = config.origin.fault("management.interface", value, legal);
        faults.push(fault);
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
        let own = addresses(running, &interface.name);
        let is_own = |ip: &IpAddr| own.iter().any(|address| address.ip == *ip);
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

/// The addresses that a configuration gives the interface of this name.
fn addresses(config: &Config, name: &str) -> Vec<bond::Address> {
    let bonds = config.bonds.iter().filter(|bond| bond.name == name);
    let vlans = config.vlans.iter().filter(|vlan| vlan.interface() == name);
    let management = config.management.iter();
    let management = management.filter(|port| port.interface == name);
    let bonds = bonds.flat_map(|bond| &bond.addresses);
    let vlans = vlans.flat_map(|vlan| &vlan.addresses);
    let management = management.flat_map(|port| &port.addresses);
    bonds.chain(vlans).chain(management).copied().collect()
}

/// Services and virtual routers on an address that an interface has. (One that the configuration
/// gives an interface is a fault by the file alone, or an address owner's.)
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
    let own = cross::owners(config);
    let mut faults = Vec::new();
    for (key, ip, value) in services.chain(routers) {
        let holds = |interface: &&Interface| interface.addresses.contains(&ip);
        if let Some(holder) = present
            .iter()
            .find(holds)
            .filter(|_| !own.contains_key(&ip))
        {
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
    let value = Some(format!("{name:?}"));
    config.origin.fault(&members_key(bond), value, legal)
}

fn members_key(bond: &bond::Config) -> String {
    join(&join("bond", &bond.name), "members")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\"]\n\
        [service.web]\nprotocol = \"tcp\"\naddress = \"10.1.0.100:80\"\n\
        method = \"nat\"\nscheduler = \"rr\"\n\
        [vrrp.inside]\ninterface = \"bond0\"\nvirtual_router_id = 1\n\
        virtual_ipaddress = [\"10.1.0.100\",\n\"10.1.0.1\"]\n";

    fn parse(text: &str) -> Config {
        super::super::parse("a.toml", text).expect("no fault")
    }

    fn text(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(ToString::to_string).collect()
    }

    fn lines(check: fn(&Config, &[Interface]) -> Vec<Fault>, present: &[Interface]) -> Vec<String> {
        text(&check(&parse(CONFIG), present))
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
    fn a_box_that_has_no_bond_yet_has_no_fault() {
        let config = parse("[lvs]\n");
        assert_eq!(check_free(&config, &[]), []);
        assert_eq!(check_present(&config, &[]), []);
    }

    const MANAGED: &str = "[management]\ninterface = \"eth0\"\naddresses = [\"192.0.2.10/24\"]\n";

    #[test]
    fn the_management_port_may_have_addresses_but_no_master() {
        let config = parse(MANAGED);
        let nic = with_address("eth0", "198.51.100.1");
        assert_eq!(check_free(&config, std::slice::from_ref(&nic)), []);
        let port = Interface {
            master: Some("br0".to_owned()),
            ..nic
        };
        let faults = check_free(&config, &[port]);
        assert_eq!(
            text(&faults),
            [
                "a.toml:2: management.interface = \"eth0\": a NIC that nothing else uses: it is a \
              port of br0"
            ]
        );
    }

    #[test]
    fn an_address_that_the_management_port_gives_back_is_free() {
        let running = parse(MANAGED);
        let other = CONFIG.replace("10.1.0.100", "192.0.2.10");
        let config = parse(&(other + "[management]\ninterface = \"eth0\"\n"));
        let present = [
            with_address("eth0", "192.0.2.10"),
            Interface::unused("eth1"),
        ];
        assert_eq!(check_newly_free(&config, &running, &present), []);
        assert_eq!(check_free(&config, &present).len(), 2);
    }

    #[test]
    fn a_nic_that_is_missing_is_named_and_one_that_is_there_is_not() {
        let config = parse(&format!("{CONFIG}{MANAGED}"));
        assert_eq!(missing(&config, &[]), ["eth1", "eth0"]);
        assert_eq!(missing(&config, &[Interface::unused("eth0")]), ["eth1"]);
        let all = [Interface::unused("eth0"), Interface::unused("eth1")];
        assert_eq!(missing(&config, &all), [""; 0]);
    }

    #[test]
    fn only_a_nic_that_is_named_anew_has_to_be_there() {
        let running = parse(CONFIG);
        let more = CONFIG.replace("[\"eth1\"]", "[\"eth1\", \"eth2\"]");
        let config = parse(&format!("{more}{MANAGED}"));
        let newly = |config, running, present: &[Interface]| {
            text(&check_newly_present(config, running, present))
        };
        let lo = Interface::unused("lo");
        assert_eq!(newly(&running, &running, &[lo]), [""; 0]);
        assert_eq!(
            newly(&config, &running, &[Interface::unused("eth0")]),
            ["a.toml:3: bond.bond0.members = \"eth2\": an interface of this host: eth0"]
        );
        assert_eq!(
            newly(&config, &running, &[Interface::unused("eth2")]),
            ["a.toml:15: management.interface = \"eth0\": an interface of this host: eth2"]
        );
        // A NIC that another bond had is named already.
        let moved = parse(&more.replace("bond0", "bond1"));
        assert_eq!(newly(&moved, &config, &[]), [""; 0]);
        assert_eq!(newly(&running, &config, &[]), [""; 0]);
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
        let (running, config) = (parse(&before), parse(CONFIG));
        let lines = |present: &[Interface]| -> Vec<String> {
            text(&check_newly_free(&config, &running, present))
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
