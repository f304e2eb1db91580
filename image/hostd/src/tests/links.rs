use control::config::Management;

use super::*;
use crate::plan::missing;

fn config() -> Config {
    let text = include_str!("../../tests/root/appliance.toml");
    let mut config = control::config::parse("test.toml", text).expect("no fault");
    config.routes.clear();
    config.bonds[0].addresses.clear();
    config.vlans.push(Vlan {
        bond: "bond0".to_owned(),
        id: 100,
        addresses: vec!["10.100.0.2/24".parse().expect("address")],
    });
    config
}

fn with_management() -> Config {
    let management = Management {
        interface: "eth0".to_owned(),
        addresses: Vec::new(),
        gateway: Vec::new(),
        allow: Vec::new(),
    };
    Config {
        management: Some(management),
        vlans: Vec::new(),
        ..config()
    }
}

fn link_named(index: u32, name: &str, up: bool) -> Link {
    Link {
        index,
        name: name.to_owned(),
        up,
        ..Link::default()
    }
}

fn vlan_of(parent: u32, id: u16, up: bool) -> Link {
    Link {
        kind: Some("vlan".to_owned()),
        vlan: Some(id),
        parent: Some(parent),
        ..link_named(9, "bond0.100", up)
    }
}

fn kernel(links: &[Link]) -> Kernel {
    Kernel {
        links: links.to_vec(),
        ..Kernel::default()
    }
}

fn made_on(ifindex: u32) -> Step {
    Step::Vlan {
        name: "bond0.100".to_owned(),
        ifindex,
        id: 100,
    }
}

#[test]
fn a_vlan_is_made_on_its_bond_as_soon_as_that_is_there() {
    let bond = link_named(7, "bond0", true);
    assert_eq!(unmade(&config(), &kernel(&[])), []);
    assert_eq!(
        unmade(&config(), &kernel(std::slice::from_ref(&bond))),
        [made_on(7)]
    );
    let both = [bond, vlan_of(7, 100, true)];
    assert_eq!(unmade(&config(), &kernel(&both)), []);
}

#[test]
fn an_interface_of_the_vlans_name_that_is_none_or_another_gets_nothing() {
    let bond = link_named(7, "bond0", true);
    let strays = [
        link_named(9, "bond0.100", true),
        vlan_of(8, 100, true),
        vlan_of(7, 101, true),
    ];
    for stray in strays {
        let kernel = kernel(&[bond.clone(), stray]);
        // The kernel will say that the name is taken, and so will we.
        assert_eq!(unmade(&config(), &kernel), [made_on(7)]);
        assert_eq!(missing(&config(), &kernel), []);
    }
}

#[test]
fn a_vlan_gets_its_addresses_and_is_set_up_once_its_bond_is() {
    let address = |step: &Step| matches!(step, Step::Address(a) if a.ifindex == 9);
    let up = step(&vlan_of(7, 100, false));
    let vlan = vlan_of(7, 100, false);
    let steps = missing(
        &config(),
        &kernel(&[link_named(7, "bond0", false), vlan.clone()]),
    );
    assert!(steps.iter().all(address) && steps.len() == 1, "{steps:?}");
    let steps = missing(&config(), &kernel(&[link_named(7, "bond0", true), vlan]));
    assert!(steps[0] == up && address(&steps[1]), "{steps:?}");
}

#[test]
fn a_vlan_that_is_named_no_more_is_removed_and_no_other_interface_of_that_name() {
    let before = Named::by(&config());
    let none = Config {
        vlans: Vec::new(),
        ..config()
    };
    let bond = link_named(7, "bond0", true);
    let ours = kernel(&[bond.clone(), vlan_of(7, 100, true)]);
    assert_eq!(surplus(&before, &none, &ours), [made_on(9)]);
    assert_eq!(surplus(&before, &config(), &ours), []);
    assert_eq!(surplus(&Named::default(), &none, &ours), []);
    let stray = kernel(&[bond, link_named(9, "bond0.100", true)]);
    assert_eq!(surplus(&before, &none, &stray), []);
}

#[test]
fn a_management_port_that_is_down_is_set_up_and_one_that_is_not_there_is_told_of() {
    let config = with_management();
    let down_port = link_named(2, "eth0", false);
    assert_eq!(
        down(&config, &kernel(std::slice::from_ref(&down_port))),
        [step(&down_port)]
    );
    assert_eq!(down(&config, &kernel(&[link_named(2, "eth0", true)])), []);
    assert_eq!(absent(&config, &kernel(&[down_port])), None);
    assert_eq!(absent(&config, &kernel(&[])), Some("eth0"));
    assert_eq!(absent(&self::config(), &kernel(&[])), None, "none wanted");
}

#[test]
fn what_was_raised_goes_down_with_its_configuration_unless_the_data_plane_has_it_now() {
    let before = |name: &str| Named {
        raised: vec![name.to_owned()],
        ..Named::default()
    };
    let eth0 = link_named(2, "eth0", true);
    let eth1 = link_named(3, "eth1", true);
    let kernel = kernel(&[eth0.clone(), eth1]);
    assert_eq!(surplus(&before("eth0"), &config(), &kernel), [step(&eth0)]);
    assert_eq!(surplus(&before("eth0"), &with_management(), &kernel), []);
    assert_eq!(surplus(&before("eth1"), &config(), &kernel), [], "a member");
    assert_eq!(surplus(&Named::default(), &config(), &kernel), []);
}
