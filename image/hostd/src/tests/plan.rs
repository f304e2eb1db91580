use netio::netlink::RouteKind;

use super::*;

const CONFIG: &str = include_str!("../../tests/root/appliance.toml");

fn config() -> Config {
    control::config::parse("test.toml", CONFIG).expect("no fault")
}

fn bond0(up: bool) -> Link {
    Link {
        index: 7,
        name: "bond0".to_owned(),
        up,
        ..Link::default()
    }
}

fn address(ifindex: u32, address: &str, prefix: u8) -> netlink::Address {
    netlink::Address {
        ifindex,
        address: address.parse().expect("address"),
        prefix,
    }
}

fn route(destination: &str, prefix: u8, gateway: &str) -> netlink::Route {
    netlink::Route {
        destination: destination.parse().expect("address"),
        prefix,
        gateway: Some(gateway.parse().expect("address")),
        ifindex: 7,
        metric: 0,
        source: None,
        table: 254,
        kind: RouteKind::Unicast,
    }
}

fn complete() -> Kernel {
    Kernel {
        links: vec![bond0(true)],
        addresses: vec![address(7, "10.1.0.2", 24), address(7, "2001:db8:1::2", 64)],
        routes: vec![
            route("0.0.0.0", 0, "10.1.0.1"),
            route("2001:db8:9::", 48, "2001:db8:1::1"),
        ],
        rules: Vec::new(),
    }
}

#[test]
fn nothing_is_missing_when_all_is_there() {
    assert_eq!(missing(&config(), &complete()), []);
}

#[test]
fn a_new_interface_gets_all_its_addresses_and_then_the_routes() {
    let kernel = Kernel {
        links: vec![bond0(true)],
        ..Kernel::default()
    };
    let config = config();
    let routes = config.routes.iter().map(|r| Step::Route {
        route: *r,
        ifindex: Some(7),
    });
    let addresses = complete().addresses.into_iter().map(Step::Address);
    let all: Vec<_> = addresses.chain(routes).collect();
    assert_eq!(missing(&config, &kernel), all);
}

#[test]
fn an_interface_of_another_name_gets_nothing() {
    let other = Link {
        name: "bond1".to_owned(),
        ..bond0(true)
    };
    let kernel = Kernel {
        links: vec![other],
        ..Kernel::default()
    };
    assert_eq!(missing(&config(), &kernel), []);
}

#[test]
fn an_interface_that_is_down_gets_its_addresses_and_no_route() {
    let kernel = Kernel {
        links: vec![bond0(false)],
        ..Kernel::default()
    };
    let steps = missing(&config(), &kernel);
    assert_eq!(
        steps,
        complete()
            .addresses
            .into_iter()
            .map(Step::Address)
            .collect::<Vec<_>>()
    );
}

#[test]
fn the_same_address_on_another_interface_or_with_another_prefix_does_not_count() {
    for stray in [address(8, "10.1.0.2", 24), address(7, "10.1.0.2", 32)] {
        let mut kernel = complete();
        kernel.addresses[0] = stray;
        let own = address(7, "10.1.0.2", 24);
        assert_eq!(
            missing(&config(), &kernel),
            [Step::Address(own)],
            "{stray:?}"
        );
    }
}

#[test]
fn a_route_by_another_way_or_in_another_table_does_not_count() {
    let elsewhere = netlink::Route {
        ifindex: 8,
        ..route("0.0.0.0", 0, "10.1.0.1")
    };
    let table = netlink::Route {
        table: 100,
        ..route("0.0.0.0", 0, "10.1.0.1")
    };
    for stray in [elsewhere, table, route("0.0.0.0", 0, "10.1.0.9")] {
        let mut kernel = complete();
        kernel.routes[0] = stray;
        let config = config();
        let own = Step::Route {
            route: config.routes[0],
            ifindex: Some(7),
        };
        assert_eq!(missing(&config, &kernel), [own], "{stray:?}");
    }
}

#[test]
fn a_gateway_on_no_bonds_link_is_left_to_the_kernel() {
    let text = CONFIG.replace("gateway = \"10.1.0.1\"", "gateway = \"192.0.2.1\"");
    let config = control::config::parse("test.toml", &text).expect("no fault");
    let steps = missing(&config, &complete());
    assert_eq!(
        steps,
        [Step::Route {
            route: config.routes[0],
            ifindex: None
        }]
    );
    let kernel = Kernel {
        routes: vec![route("0.0.0.0", 0, "192.0.2.1")],
        ..complete()
    };
    assert!(
        !missing(&config, &kernel).contains(&steps[0]),
        "it is there, by any interface"
    );
}

#[test]
fn a_prefix_decides_what_is_on_the_link() {
    let ip = |text: &str| text.parse::<IpAddr>().expect("address");
    assert!(is_on_link((ip("10.1.0.2"), 24), ip("10.1.0.255")));
    assert!(!is_on_link((ip("10.1.0.2"), 24), ip("10.1.1.2")));
    assert!(is_on_link((ip("10.1.0.2"), 32), ip("10.1.0.2")));
    assert!(is_on_link((ip("2001:db8::1"), 64), ip("2001:db8::ffff:1")));
    assert!(!is_on_link((ip("2001:db8::1"), 64), ip("2001:db8:0:1::1")));
    assert!(!is_on_link((ip("0.0.0.0"), 0), ip("::")), "another family");
}

fn before() -> Named {
    Named::by(&config())
}

/// The configuration without the lines that contain this.
fn without(lines: &str) -> Config {
    let kept = CONFIG.lines().filter(|line| !line.contains(lines));
    let text: Vec<_> = kept.collect();
    control::config::parse("test.toml", &text.join("\n")).expect("no fault")
}

#[test]
fn nothing_is_too_much_when_the_same_is_named() {
    assert_eq!(surplus(&before(), &config(), &complete()), []);
    let stale = surplus(&Named::default(), &without("addresses"), &complete());
    assert_eq!(stale, [], "an operator's own");
}

#[test]
fn what_is_no_longer_named_and_is_there_is_too_much_routes_first() {
    let config = without("nothing");
    let empty = Config {
        bonds: Vec::new(),
        routes: Vec::new(),
        ..config.clone()
    };
    let routes = config.routes.iter().map(|route| Step::Route {
        route: *route,
        ifindex: Some(7),
    });
    let addresses = complete().addresses.into_iter().map(Step::Address);
    let all: Vec<_> = routes.chain(addresses).collect();
    assert_eq!(surplus(&before(), &empty, &complete()), all);
    assert_eq!(surplus(&before(), &empty, &Kernel::default()), []);
}

#[test]
fn an_operators_address_or_route_is_never_too_much() {
    let mut kernel = complete();
    kernel.addresses.push(address(7, "10.1.0.9", 24));
    kernel.addresses.push(address(8, "10.1.0.2", 24));
    kernel.addresses.push(address(7, "10.1.0.2", 32));
    kernel.routes.push(route("0.0.0.0", 0, "10.1.0.9"));
    kernel.routes.push(netlink::Route {
        table: 100,
        ..route("0.0.0.0", 0, "10.1.0.1")
    });
    kernel.routes.push(netlink::Route {
        ifindex: 8,
        ..route("0.0.0.0", 0, "10.1.0.1")
    });
    let empty = Config {
        bonds: Vec::new(),
        routes: Vec::new(),
        ..config()
    };
    let own = surplus(&before(), &empty, &complete());
    assert_eq!(own.len(), 4);
    assert_eq!(surplus(&before(), &empty, &kernel), own);
}

#[test]
fn an_address_that_moves_to_another_bond_is_too_much_on_the_old_one() {
    let text = CONFIG.replace("bond0", "bond1");
    let config = control::config::parse("test.toml", &text).expect("no fault");
    let kernel = Kernel {
        routes: Vec::new(),
        ..complete()
    };
    let old: Vec<_> = kernel
        .addresses
        .iter()
        .copied()
        .map(Step::Address)
        .collect();
    assert_eq!(surplus(&before(), &config, &kernel), old);
}

#[test]
fn a_route_whose_gateway_was_on_no_bonds_link_is_too_much_by_any_interface() {
    let text = CONFIG.replace("gateway = \"10.1.0.1\"", "gateway = \"192.0.2.1\"");
    let config = control::config::parse("test.toml", &text).expect("no fault");
    let kernel = Kernel {
        routes: vec![netlink::Route {
            ifindex: 3,
            ..route("0.0.0.0", 0, "192.0.2.1")
        }],
        ..complete()
    };
    let steps = surplus(&Named::by(&config), &self::config(), &kernel);
    let gone = Step::Route {
        route: config.routes[0],
        ifindex: Some(3),
    };
    assert_eq!(steps, [gone]);
}
