//! What is a virtual router and what is not.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use crate::config::{Centiseconds, Config, Family, Priority, TrackService, Vrid};

fn config(addresses: &[&str]) -> Config {
    Config {
        name: "inside".to_string(),
        interface: "bond0".to_string(),
        virtual_router_id: Vrid::new(51).unwrap(),
        priority: Priority::DEFAULT,
        advert_int: Centiseconds::SECOND,
        preempt: false,
        virtual_ipaddress: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        track_service: vec![],
    }
}

fn faults(config: &Config) -> Vec<(&'static str, &'static str)> {
    let faults = config.faults();
    faults
        .iter()
        .map(|fault| (fault.key, fault.legal))
        .collect()
}

#[test]
fn a_router_of_either_family_has_no_fault() {
    assert_eq!(faults(&config(&["10.80.2.1", "10.80.1.100"])), []);
    assert_eq!(faults(&config(&["fe80::51:1", "2001:db8::1"])), []);
}

#[test]
fn addresses_are_1_to_64_hosts_of_one_family_each_once() {
    let key = "virtual_ipaddress";
    assert_eq!(faults(&config(&[])), [(key, "1 to 64 addresses")]);
    let mut many = config(&[]);
    many.virtual_ipaddress = (0..65_u32)
        .map(|i| core::net::Ipv4Addr::from(0x0a00_0001 + i).into())
        .collect();
    assert_eq!(faults(&many), [(key, "1 to 64 addresses")]);
    many.virtual_ipaddress.pop();
    assert_eq!(faults(&many), []);
    let mixed = config(&["10.80.2.1", "fe80::1"]);
    assert_eq!(faults(&mixed), [(key, "addresses of one family")]);
    let twice = config(&["10.80.2.1", "10.80.2.1"]);
    assert_eq!(faults(&twice), [(key, "each address once")]);
    for odd in ["0.0.0.0", "127.0.0.1", "224.0.0.18", "255.255.255.255"] {
        assert_eq!(faults(&config(&[odd])), [(key, "a host's unicast address")]);
    }
    let global_first = config(&["2001:db8::1", "fe80::51:1"]);
    assert_eq!(faults(&global_first), [(key, "a link-local address first")]);
}

#[test]
fn names_and_tracked_services_are_checked() {
    let mut config = config(&["10.80.2.1"]);
    let track = |weight| TrackService {
        service: "web".to_string(),
        weight,
    };
    for (weight, is_legal) in [
        (-1, true),
        (-253, true),
        (0, false),
        (-254, false),
        (5, false),
    ] {
        config.track_service = vec![track(weight)];
        let expected: &[_] = if is_legal {
            &[]
        } else {
            &[("weight", "-253 to -1")]
        };
        assert_eq!(faults(&config), expected, "{weight}");
    }
    config.track_service = vec![track(-1), track(-2)];
    assert_eq!(faults(&config), [("track_service", "each service once")]);
    config.track_service.clear();
    config.name.clear();
    config.interface = "sixteen-letters!".to_string();
    let legal = "a bond's name of 1 to 15 characters";
    assert_eq!(faults(&config), [("name", "a name"), ("interface", legal)]);
}

#[test]
fn identifiers_priorities_and_intervals_have_their_ranges() {
    assert!(Vrid::new(0).is_none() && Vrid::new(255).is_some());
    assert!(Priority::new(0).is_none() && Priority::new(255) == Some(Priority::OWNER));
    assert!(Centiseconds::new(0).is_none() && Centiseconds::new(4_096).is_none());
    assert_eq!(
        Centiseconds::new(4_095).unwrap().duration().as_millis(),
        40_950
    );
    assert_eq!(Centiseconds::new(1).unwrap().duration().as_millis(), 10);
}

#[test]
fn the_virtual_mac_is_the_standards_for_family_and_vrid() {
    let vrid = Vrid::new(0x33).unwrap();
    assert_eq!(
        Family::Ipv4.virtual_mac(vrid).to_string(),
        "00:00:5e:00:01:33"
    );
    assert_eq!(
        Family::Ipv6.virtual_mac(vrid).to_string(),
        "00:00:5e:00:02:33"
    );
}
