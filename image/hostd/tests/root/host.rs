//! Addresses and routes of a bond's interface.

use std::fs;
use std::process::Command;

use crate::stage::{BOND0, CONFIG, Host, in_a_namespace, shell};

#[test]
#[ignore = "needs root"]
fn an_interface_gets_addresses_and_routes_when_it_appears_and_when_it_appears_again() {
    in_a_namespace(async || {
        let mut host = Host::start("again").await;
        assert!(
            !host.complete("bond0").await,
            "ready before there is any bond"
        );
        shell(BOND0);
        host.until_complete("bond0").await;
        let v6 = shell("ip -6 -o address show dev bond0 to 2001:db8:1::2");
        assert!(!v6.contains("tentative"), "usable at once: {v6}");
        shell("ip link delete bond0");
        assert!(!host.complete("bond0").await);
        shell(BOND0);
        host.until_complete("bond0").await;
    });
}

#[test]
#[ignore = "needs root"]
fn an_interface_that_went_down_gets_its_routes_again_when_it_is_up() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("down").await;
        host.until_complete("bond0").await;
        shell("ip link set bond0 down");
        assert!(
            !host.complete("bond0").await,
            "the kernel keeps no route of an interface that is down"
        );
        shell("ip link set bond0 up");
        host.until_complete("bond0").await;
    });
}

#[test]
#[ignore = "needs root"]
fn what_an_operator_added_stays_and_other_interfaces_get_nothing() {
    in_a_namespace(async || {
        shell(BOND0);
        shell("ip address add 192.0.2.1/24 dev bond0; ip route add 198.51.100.0/24 via 192.0.2.9");
        shell("ip link add bond1 type veth peer name far2; ip link set bond1 up");
        let mut host = Host::start("operator").await;
        host.until_complete("bond0").await;
        assert!(shell("ip address show dev bond0").contains("192.0.2.1/24"));
        assert!(shell("ip route").contains("198.51.100.0/24 via 192.0.2.9"));
        assert_eq!(shell("ip -4 address show dev bond1"), "");
    });
}

#[test]
#[ignore = "needs root"]
fn the_host_forwards_and_sends_no_redirects() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("settings").await;
        host.until_complete("bond0").await;
        let setting = |path: &str| {
            shell(&format!("cat /proc/sys/net/{path}"))
                .trim()
                .to_owned()
        };
        assert_eq!(setting("ipv4/ip_forward"), "1");
        assert_eq!(setting("ipv6/conf/all/forwarding"), "1");
        assert_eq!(setting("ipv4/conf/bond0/rp_filter"), "2");
        assert_eq!(setting("ipv4/conf/bond0/send_redirects"), "0");
        assert_eq!(setting("ipv6/conf/bond0/accept_dad"), "0");
        assert_ne!(
            setting("ipv6/conf/eth1/accept_dad"),
            "0",
            "a member is not hostd's"
        );
    });
}

#[test]
#[ignore = "needs root"]
fn a_bad_configuration_changes_nothing_and_ends_in_status_2() {
    in_a_namespace(async || {
        shell("echo 0 >/proc/sys/net/ipv4/ip_forward"); // a new namespace may inherit the host's
        let config =
            std::env::temp_dir().join(format!("hostd-test-{}-bad.toml", std::process::id()));
        fs::write(&config, CONFIG.replace("10.1.0.1", "10.1.0")).expect("configuration");
        let hostd = Command::new(env!("CARGO_BIN_EXE_hostd"))
            .arg("--config")
            .arg(&config)
            .output();
        let output = hostd.expect("hostd");
        fs::remove_file(&config).expect("removed");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
        assert_eq!(shell("cat /proc/sys/net/ipv4/ip_forward").trim(), "0");
    });
}

/// What the operator added, and another address in a configured address's network.
const OPERATORS: &str = "ip address add 192.0.2.1/24 dev bond0; ip address add 10.1.0.9/24 dev bond0; \
     ip route add 198.51.100.0/24 via 10.1.0.1";

fn bond0() -> (String, String) {
    let addresses = shell("ip -o address show dev bond0 scope global");
    // Link-local ones come when the link does.
    let routes = shell("ip route; ip -6 route | grep -v ^fe80");
    (addresses, routes)
}

/// The configuration with one address and one route less, and others instead.
fn changed() -> String {
    CONFIG
        .replace("10.1.0.2/24", "10.1.0.3/24")
        .replace("10.1.0.1", "10.1.0.4")
        .replace("2001:db8:9::/48", "2001:db8:10::/48")
}

fn assert_changed() {
    let (addresses, routes) = bond0();
    for there in [
        "10.1.0.3/24",
        "2001:db8:1::2/64",
        "192.0.2.1/24",
        "10.1.0.9/24",
    ] {
        assert!(addresses.contains(there), "{there} in {addresses}");
    }
    assert!(!addresses.contains("10.1.0.2/24"), "{addresses}");
    for there in [
        "default via 10.1.0.4",
        "198.51.100.0/24 via",
        "2001:db8:10::/48 via",
    ] {
        assert!(routes.contains(there), "{there} in {routes}");
    }
    for gone in ["10.1.0.1 ", "2001:db8:9::/48"] {
        assert!(!routes.contains(&format!("default via {gone}")), "{routes}");
        assert!(!routes.contains(&format!("{gone} via")), "{routes}");
    }
}

#[test]
#[ignore = "needs root"]
fn a_commit_adds_what_is_new_and_removes_what_was_named_and_nothing_of_an_operators() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("commit").await;
        host.until_complete("bond0").await;
        shell(OPERATORS);
        assert_eq!(host.commit(&changed()), "live");
        assert_changed();
        assert_eq!(host.commit(&changed()), "none");
        // What an operator adds later is the operator's, also if it was named once.
        shell("ip address add 10.1.0.2/24 dev bond0");
        assert_eq!(host.commit(&changed()), "none");
        assert!(bond0().0.contains("10.1.0.2/24"));
        // Named again, and no more: then it goes.
        assert_eq!(host.commit(CONFIG), "live");
        assert_eq!(host.commit(&changed()), "live");
        assert_changed();
    });
}

#[test]
#[ignore = "needs root"]
fn a_transaction_that_is_refused_or_broken_off_changes_nothing() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("abort").await;
        host.until_complete("bond0").await;
        let before = bond0();
        let refused = host.step(&host.connect(), "prepare", Some("[bond"));
        assert!(refused["error"].is_string(), "{refused}");
        let peer = host.connect();
        host.step(&peer, "prepare", Some(&changed()));
        let aborted = host.step(&peer, "abort", None);
        assert_eq!(aborted["transaction"]["aborted"], 1);
        let peer = host.connect();
        host.step(&peer, "prepare", Some(&changed()));
        drop(peer);
        // The next transaction comes after its end.
        assert_eq!(host.commit(CONFIG), "none");
        assert_eq!(bond0(), before);
    });
}

#[test]
#[ignore = "needs root"]
fn a_hostd_that_was_killed_is_followed_by_one_that_removes_what_was_named_before() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("killed").await;
        host.until_complete("bond0").await;
        shell(OPERATORS);
        let host = host.restart(&changed()).await;
        assert_changed();
        // And not again: what an operator adds then stays.
        shell("ip address add 10.1.0.2/24 dev bond0");
        let host = host.restart(&changed()).await;
        assert!(bond0().0.contains("10.1.0.2/24"));
        drop(host);
    });
}
