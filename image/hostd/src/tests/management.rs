use netio::netlink::Link;

use super::*;
use crate::plan::{missing as all_missing, surplus as all_surplus};

fn without() -> Config {
    let text = include_str!("../../tests/root/appliance.toml");
    let mut config = control::config::parse("test.toml", text).expect("no fault");
    config.routes.clear();
    config.bonds[0].addresses.clear();
    config
}

fn config(addresses: &[&str], gateway: &[&str]) -> Config {
    let addresses = addresses.iter().map(|a| a.parse().expect("address"));
    let gateway = gateway.iter().map(|g| g.parse().expect("address"));
    Config {
        management: Some(control::config::Management {
            interface: "eth0".to_owned(),
            addresses: addresses.collect(),
            gateway: gateway.collect(),
            allow: Vec::new(),
        }),
        ..without()
    }
}

fn kernel(up: bool) -> Kernel {
    Kernel {
        links: vec![Link {
            index: 2,
            name: "eth0".to_owned(),
            up,
            ..Link::default()
        }],
        ..Kernel::default()
    }
}

/// The kernel with all that was missing.
fn complete(config: &Config) -> Kernel {
    let mut kernel = kernel(true);
    for step in all_missing(config, &kernel) {
        match step {
            Step::Address(address) => kernel.addresses.push(address),
            Step::Management(route) => kernel.routes.push(route),
            Step::Rule(rule) => kernel.rules.push(rule),
            Step::Vlan { .. } | Step::Link { .. } | Step::Route { .. } => panic!("{step}"),
        }
    }
    kernel
}

fn text(steps: &[Step]) -> Vec<String> {
    let one = |step: &Step| match step {
        Step::Management(r) => format!(
            "{}/{} {} table {} metric {}",
            r.destination,
            r.prefix,
            r.gateway
                .map_or_else(|| "on link".to_owned(), |g| g.to_string()),
            r.table,
            r.metric
        ),
        Step::Rule(r) => format!("{}/{} to {}", r.source.0, r.source.1, r.table),
        other => other.to_string(),
    };
    steps.iter().map(one).collect()
}

const BOTH: (&[&str], &[&str]) = (
    &["192.0.2.10/24", "2001:db8:7::a/64"],
    &["192.0.2.1", "fe80::1"],
);

#[test]
fn the_port_gets_its_networks_and_default_routes_in_a_table_and_rules_that_lead_there() {
    let steps = missing(&config(BOTH.0, BOTH.1), &kernel(true));
    assert_eq!(
        text(&steps),
        [
            "192.0.2.0/24 on link table 240 metric 1024",
            "2001:db8:7::/64 on link table 240 metric 1024",
            "fe80::/64 on link table 240 metric 1024",
            "0.0.0.0/0 192.0.2.1 table 240 metric 1024",
            "0.0.0.0/0 192.0.2.1 table 254 metric 4026531840",
            "::/0 fe80::1 table 240 metric 1024",
            "::/0 fe80::1 table 254 metric 4026531840",
            "192.0.2.10/32 to 240",
            "2001:db8:7::a/128 to 240",
        ]
    );
}

#[test]
fn nothing_is_missing_when_all_is_there_whatever_source_the_kernel_prefers() {
    let config = config(BOTH.0, BOTH.1);
    let mut kernel = complete(&config);
    for route in &mut kernel.routes {
        route.source = Some(BOTH.1[0].parse().expect("address"));
    }
    assert_eq!(all_missing(&config, &kernel), []);
    assert_eq!(all_surplus(&Named::by(&config), &config, &kernel), []);
}

#[test]
fn a_port_that_is_down_or_not_there_has_its_rules_and_waits_with_its_routes() {
    let rules = ["192.0.2.10/32 to 240", "2001:db8:7::a/128 to 240"];
    let config = config(BOTH.0, BOTH.1);
    assert_eq!(text(&missing(&config, &kernel(false))), rules);
    assert_eq!(text(&missing(&config, &Kernel::default())), rules);
}

#[test]
fn a_network_of_two_addresses_is_there_once_and_every_address_has_its_rule() {
    let config = config(&["192.0.2.10/24", "192.0.2.11/24"], &[]);
    assert_eq!(
        text(&missing(&config, &kernel(true))),
        [
            "192.0.2.0/24 on link table 240 metric 1024",
            "192.0.2.10/32 to 240",
            "192.0.2.11/32 to 240",
        ]
    );
}

#[test]
fn what_moves_is_added_anew_and_the_old_is_too_much() {
    let (old, new) = (
        config(&["192.0.2.10/24"], &["192.0.2.1"]),
        config(&["192.0.2.11/24"], &["192.0.2.2"]),
    );
    let kernel = complete(&old);
    assert_eq!(
        text(&missing(&new, &kernel)),
        [
            "0.0.0.0/0 192.0.2.2 table 240 metric 1024",
            "0.0.0.0/0 192.0.2.2 table 254 metric 4026531840",
            "192.0.2.11/32 to 240",
        ]
    );
    assert_eq!(
        text(&surplus(&Named::by(&old), &new, &kernel)),
        [
            "192.0.2.10/32 to 240",
            "0.0.0.0/0 192.0.2.1 table 240 metric 1024",
            "0.0.0.0/0 192.0.2.1 table 254 metric 4026531840",
        ]
    );
}

#[test]
fn all_goes_with_the_table_and_nothing_that_was_never_named() {
    let old = config(BOTH.0, BOTH.1);
    let mut kernel = complete(&old);
    let ours = kernel.routes.len() + kernel.rules.len();
    kernel.rules.push(Rule {
        source: kernel.rules[0].source,
        table: 100,
        priority: 100,
    });
    kernel.routes.push(Route {
        table: 100,
        ..kernel.routes[0]
    });
    let steps = surplus(&Named::by(&old), &without(), &kernel);
    assert_eq!(steps.len(), ours);
    assert_eq!(surplus(&Named::default(), &without(), &kernel), []);
}

#[test]
fn the_first_address_of_a_network_has_no_host_bits() {
    let ip = |text: &str| text.parse::<IpAddr>().expect("address");
    for (own, prefix, network) in [
        ("192.0.2.10", 24, "192.0.2.0"),
        ("192.0.2.10", 32, "192.0.2.10"),
        ("192.0.2.10", 0, "0.0.0.0"),
        ("2001:db8:7::a", 64, "2001:db8:7::"),
        ("2001:db8:7::a", 128, "2001:db8:7::a"),
        ("2001:db8:7::a", 0, "::"),
    ] {
        assert_eq!(first(ip(own), prefix), ip(network), "{own}/{prefix}");
    }
}
