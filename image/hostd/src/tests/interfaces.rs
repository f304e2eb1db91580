use std::os::unix::fs::symlink;

use control::config::{Management, Vlan};
use netio::netlink::Address;
use wire::Mac;

use super::*;

const PERMANENT: Mac = Mac([2, 0, 0, 0, 0, 1]);
const OF_THE_BOND: Mac = Mac([2, 0, 0, 0, 0, 9]);

fn config() -> Config {
    let text = include_str!("../../tests/root/appliance.toml")
        .replace(r#"["eth1"]"#, r#"["eth1", "eth2"]"#);
    Config {
        management: Some(Management {
            interface: "eth0".to_owned(),
            addresses: Vec::new(),
            gateway: Vec::new(),
            allow: Vec::new(),
        }),
        vlans: vec![Vlan {
            bond: "bond0".to_owned(),
            id: 100,
            addresses: Vec::new(),
        }],
        ..control::config::parse("test.toml", &text).expect("no fault")
    }
}

fn kernel(names: &[&str]) -> Kernel {
    let links = (1..).zip(names).map(|(index, name)| Link {
        index,
        name: (*name).to_owned(),
        mac: Some(OF_THE_BOND),
        permanent_mac: Some(PERMANENT),
        ..Link::default()
    });
    Kernel {
        links: links.collect(),
        ..Kernel::default()
    }
}

fn roles(items: &[InterfaceItem]) -> Vec<(&str, &str)> {
    items
        .iter()
        .map(|item| (item.name.as_str(), item.role.as_str()))
        .collect()
}

#[test]
fn each_interface_says_what_it_is_for_in_the_order_of_names() {
    let kernel = kernel(&["lo", "eth10", "eth2", "eth1", "eth0", "bond0", "bond0.100"]);
    assert_eq!(
        roles(&interfaces(&config(), &kernel)),
        [
            ("bond0", "bond"),
            ("bond0.100", "vlan 100 of bond0"),
            ("eth0", "management"),
            ("eth1", "member of bond0"),
            ("eth2", "member of bond0"),
            ("eth10", "unused"),
        ]
    );
}

#[test]
fn a_nic_that_is_configured_and_not_there_is_missing() {
    let items = interfaces(&config(), &kernel(&["eth1", "bond0"]));
    assert_eq!(
        roles(&items),
        [
            ("bond0", "bond"),
            ("eth0", "missing"),
            ("eth1", "member of bond0"),
            ("eth2", "missing"),
        ]
    );
    assert_eq!((items[1].up, items[1].mac.as_deref()), (false, None));
}

#[test]
fn a_member_shows_its_own_mac_and_not_the_bonds() {
    let mut kernel = kernel(&["eth1"]);
    let mac = |kernel: &Kernel| interfaces(&config(), kernel).remove(1).mac;
    assert_eq!(mac(&kernel), Some(PERMANENT.to_string()));
    kernel.links[0].permanent_mac = None;
    assert_eq!(
        mac(&kernel),
        Some(OF_THE_BOND.to_string()),
        "all that it has"
    );
}

#[test]
fn addresses_are_shown_with_prefix_lengths_and_without_those_that_every_link_has() {
    let mut kernel = kernel(&["eth0", "eth1"]);
    let address = |ifindex, text: &str, prefix| Address {
        ifindex,
        address: text.parse().expect("address"),
        prefix,
    };
    kernel.addresses = vec![
        address(1, "192.0.2.10", 24),
        address(1, "fe80::1", 64),
        address(1, "2001:db8::a", 64),
        address(2, "192.0.2.11", 24),
    ];
    let item = item(&config(), &kernel, &kernel.links[0]);
    assert_eq!(item.addresses, ["192.0.2.10/24", "2001:db8::a/64"]);
}

/// A sysfs of one NIC that is plugged in at this place.
fn sysfs(place: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    let (place, net) = (root.path().join(place), root.path().join("net/eth0"));
    let driver = root.path().join("drivers/some_driver");
    for dir in [&place, &net, &driver] {
        fs::create_dir_all(dir).expect("a directory");
    }
    symlink(&driver, place.join("driver")).expect("a link");
    symlink(&place, net.join("device")).expect("a link");
    fs::write(net.join("ifindex"), "1\n").expect("written");
    root
}

#[test]
fn a_nic_says_its_driver_and_where_it_is_plugged_in() {
    let kernel = kernel(&["eth0"]);
    for place in ["pci/0000:00:03.0", "pci/0000:00:03.0/virtio1"] {
        let root = sysfs(place);
        let device = device(&root.path().join("net"), &kernel.links[0]);
        assert_eq!(device.driver.as_deref(), Some("some_driver"));
        assert_eq!(device.bus.as_deref(), Some("0000:00:03.0"), "{place}");
    }
}

#[test]
fn an_interface_of_another_namespace_says_nothing() {
    let root = sysfs("pci/0000:00:03.0");
    let other = Link {
        index: 2,
        ..kernel(&["eth0"]).links.remove(0)
    };
    let device = device(&root.path().join("net"), &other);
    assert_eq!((device.driver, device.bus), (None, None));
}
