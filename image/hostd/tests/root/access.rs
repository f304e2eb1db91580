//! The access list: who may come in by the management port.

use std::time::Duration;

use crate::peers::{
    CLIENT, MANAGER, MANAGERS_ROUTER, assert_reaches, assert_silent, connect, is_alive, listen,
    pings, raise,
};
use crate::stage::{BOND0, CONFIG, Host, in_a_namespace, shell};

fn managed(allow: &str) -> String {
    let port = r#"
[management]
interface = "eth0"
addresses = ["192.0.2.10/24", "2001:db8:7::a/64"]
gateway = ["192.0.2.1", "2001:db8:7::1"]
"#;
    // The data plane has the default routes of both families.
    let data = CONFIG.replace("2001:db8:9::/48", "::/0");
    format!("{data}{port}{allow}")
}

const SOME: &str = r#"allow = ["192.0.2.0/24", "2001:db8:7::/64"]"#;

/// What it shows to have dropped for this reason.
fn dropped(host: &Host, reason: &str) -> u64 {
    let items = host.show("drops");
    let item = items.iter().find(|item| item["reason"] == reason);
    let item = item.expect("the reason");
    assert_eq!(
        (&item["layer"], &item["fate"]),
        (&"access".into(), &"drop".into())
    );
    item["count"].as_u64().expect("a figure")
}

#[test]
#[ignore = "needs root"]
fn only_who_is_allowed_opens_connections_and_everybody_else_is_counted() {
    in_a_namespace(async || {
        raise();
        shell("ip link set eth0 up");
        let host = Host::start_with("allowed", &managed(SOME)).await;
        listen(8080);
        listen(22);
        for port in [22, 8080] {
            assert_reaches(MANAGERS_ROUTER, "192.0.2.10", port);
            assert_reaches(MANAGERS_ROUTER, "2001:db8:7::a", port);
        }
        assert_eq!(dropped(&host, "not_allowed"), 0);
        for port in [22, 8080] {
            assert_silent(MANAGER, "192.0.2.10", port);
            assert_silent(MANAGER, "2001:db8:7::a", port);
        }
        assert!(dropped(&host, "not_allowed") >= 4);
        assert!(pings(MANAGER, "192.0.2.10") && pings(MANAGER, "2001:db8:7::a"));
    });
}

#[test]
#[ignore = "needs root"]
fn without_an_allow_list_everybody_opens_connections() {
    in_a_namespace(async || {
        raise();
        shell("ip link set eth0 up");
        let _host = Host::start_with("everybody", &managed("")).await;
        listen(22);
        assert_reaches(MANAGER, "192.0.2.10", 22);
        assert_reaches(MANAGER, "2001:db8:7::a", 22);
    });
}

#[test]
#[ignore = "needs root"]
fn ssh_is_not_to_be_had_by_a_bond_and_everything_else_is_as_before() {
    in_a_namespace(async || {
        raise();
        shell("ip link set eth0 up");
        let host = Host::start_with("elsewhere", &managed(SOME)).await;
        listen(8080);
        listen(22);
        assert_reaches(CLIENT, "10.1.0.2", 8080);
        assert_reaches(CLIENT, "2001:db8:1::2", 8080);
        assert_silent(CLIENT, "10.1.0.2", 22);
        assert_silent(CLIENT, "2001:db8:1::2", 22);
        // Nor by way of the bond to the management address.
        assert_silent(CLIENT, "192.0.2.10", 22);
        assert!(dropped(&host, "ssh_elsewhere") >= 3);
        assert_eq!(dropped(&host, "not_allowed"), 0);
        // The box itself reaches its own.
        assert!(shell("ping -c 1 -W 2 192.0.2.10").contains("1 received"));
    });
}

#[test]
#[ignore = "needs root"]
fn a_connection_outlives_a_commit_after_which_it_could_not_be_opened() {
    in_a_namespace(async || {
        raise();
        shell("ip link set eth0 up");
        let host = Host::start_with("outlives", &managed("")).await;
        listen(8080);
        let open = connect(MANAGER, "192.0.2.10", 8080, Duration::from_secs(10));
        let open = open.expect("a connection");
        assert!(is_alive(&open));
        assert_eq!(host.commit(&managed(SOME)), "live");
        assert!(is_alive(&open), "it is known");
        assert_silent(MANAGER, "192.0.2.10", 8080);
        assert_eq!(host.commit(&managed("")), "live");
        assert_reaches(MANAGER, "192.0.2.10", 8080);
    });
}

#[test]
#[ignore = "needs root"]
fn without_a_management_port_there_is_no_table_and_the_data_plane_is_tracked_by_nobody() {
    in_a_namespace(async || {
        raise();
        shell("ip link set eth0 up");
        let host = Host::start("no-table").await;
        listen(22);
        assert_reaches(CLIENT, "10.1.0.2", 22);
        assert_eq!(shell("nft list tables"), "");
        assert_eq!(host.show("drops").len(), 0);
        host.commit(&managed(SOME));
        listen(8080);
        let tracked = || {
            shell("cat /proc/sys/net/netfilter/nf_conntrack_count")
                .trim()
                .to_owned()
        };
        let before = tracked();
        assert_reaches(CLIENT, "10.1.0.2", 8080);
        assert_eq!(tracked(), before, "nothing is kept of it");
        assert_reaches(MANAGERS_ROUTER, "192.0.2.10", 8080);
        assert_ne!(tracked(), before, "of this one there is");
    });
}

#[test]
#[ignore = "needs root"]
fn without_nft_there_is_one_line_and_all_else_works() {
    in_a_namespace(async || {
        shell(BOND0);
        shell("ip link add eth0 type veth peer name desk0; ip link set desk0 up");
        // In this test's mount namespace.
        shell("mount --bind /dev/null /usr/sbin/nft");
        let mut host = Host::start_with("no-nft", &managed(SOME)).await;
        host.until_complete("bond0").await;
        host.until_said(&["access list of the management port", "/usr/sbin/nft"])
            .await;
        shell("umount /usr/sbin/nft; ip link set desk0 down; ip link set desk0 up");
        host.until_said(&["access list of the management port", "loaded"])
            .await;
        assert!(shell("nft list table inet fourfold").contains("192.0.2.0/24"));
    });
}
