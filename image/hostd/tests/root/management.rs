//! The management port: its addresses and routes, and that what came in by it leaves by it.

use netio::netlink::Event;
use tokio::time::timeout;

use crate::peers::{CLIENT, CLIENTS_ROUTER, MANAGER, assert_reaches, listen, pings, raise};
use crate::stage::{BOND0, CONFIG, GENEROUS, Host, in_a_namespace, shell};

/// Both families, and a data plane that has the default routes of both.
const MANAGED: &str = r#"
[management]
interface = "eth0"
addresses = ["192.0.2.10/24", "2001:db8:7::a/64"]
gateway = ["192.0.2.1", "2001:db8:7::1"]
"#;

fn managed() -> String {
    CONFIG.replace("2001:db8:9::/48", "::/0") + MANAGED
}

fn rules() -> String {
    shell("ip rule; ip -6 rule")
}

#[test]
#[ignore = "needs root"]
fn what_came_in_by_management_or_by_the_data_plane_is_answered_by_the_same_way() {
    in_a_namespace(async || {
        raise();
        shell("ip link set eth0 up");
        let _host = Host::start_with("answers", &managed()).await;
        listen(8080);
        for (from, to) in [
            (MANAGER, "192.0.2.10"),
            (MANAGER, "2001:db8:7::a"),
            (CLIENT, "10.1.0.2"),
            (CLIENT, "2001:db8:1::2"),
        ] {
            assert_reaches(from, to, 8080);
        }
        // It is the rules that do it.
        shell("ip rule del table 240");
        assert!(!pings(MANAGER, "192.0.2.10"));
        assert!(pings(MANAGER, "2001:db8:7::a") && pings(CLIENT, "10.1.0.2"));
    });
}

#[test]
#[ignore = "needs root"]
fn what_comes_from_nowhere_in_particular_leaves_by_the_data_plane_and_else_by_management() {
    in_a_namespace(async || {
        raise();
        shell("ip link set eth0 up");
        let host = Host::start_with("default", &managed()).await;
        let ways = || shell("ip route get 203.0.113.9; ip -6 route get 2001:db8:c::9");
        assert_eq!(ways().matches("dev bond0").count(), 2, "{}", ways());
        let text = managed();
        let (_, rest) = text.split_once("[[route]]").expect("routes");
        let (_, rest) = rest.split_once("[management]").expect("management");
        let bond = CONFIG.split("[[route]]").next().expect("a bond");
        host.commit(&format!("{bond}\n[management]{rest}"));
        assert_eq!(ways().matches("dev eth0").count(), 2, "{}", ways());
    });
}

#[test]
#[ignore = "needs root"]
fn nothing_passes_through_the_box_between_management_and_the_data_plane() {
    in_a_namespace(async || {
        raise();
        shell("ip link set eth0 up");
        let host = Host::start_with("through", &managed()).await;
        assert!(pings(CLIENTS_ROUTER, "10.1.0.2"), "the box itself");
        assert!(!pings(CLIENTS_ROUTER, "192.0.2.1"), "beyond it");
        let counted = shell("nft list counter inet fourfold through_management");
        assert!(counted.contains("packets 1 "), "{counted}");
        drop(host);
        // It is the access list that does it.
        shell("nft delete table inet fourfold; ip -n mrouter route add 10.1.0.0/24 via 192.0.2.10");
        shell("echo 1 >/proc/sys/net/ipv4/conf/eth0/forwarding");
        assert!(pings(CLIENTS_ROUTER, "192.0.2.1"));
    });
}

#[test]
#[ignore = "needs root"]
fn a_management_port_that_is_not_there_is_told_of_and_taken_up_when_it_comes_and_comes_again() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start_with("absent", &managed()).await;
        host.until_complete("bond0").await;
        host.until_said(&["management port", "no interface eth0"])
            .await;
        for _time in 0..2 {
            shell("ip link add eth0 type veth peer name desk0; ip link set desk0 up");
            until_managed(&mut host).await;
            let rules = rules();
            assert!(rules.contains("from 192.0.2.10 lookup 240"), "{rules}");
            assert!(rules.contains("from 2001:db8:7::a lookup 240"), "{rules}");
            shell("ip link delete eth0");
        }
        host.until_said(&["management port", "there"]).await;
        host.until_complete("bond0").await;
    });
}

/// Waits, event by event, until the management port's default routes are there.
async fn until_managed(host: &mut Host) {
    // The kernel has no such table before it has a route.
    let routes = "ip route; ip -6 route; ip route show table 240 || true; \
                  ip -6 route show table 240 || true";
    while shell(routes).matches("default via").count() < 4
        || shell(routes).matches("metric 4026531840").count() < 2
    {
        let event = timeout(GENEROUS, host.watch.next()).await.expect("in time");
        let _told: Event = event.expect("event");
    }
}

#[test]
#[ignore = "needs root"]
fn nothing_of_a_management_port_is_left_that_is_configured_no_more() {
    in_a_namespace(async || {
        raise();
        let before = rules();
        let mut host = Host::start_with("removed", CONFIG).await;
        host.until_complete("bond0").await;
        let data = shell("ip route; ip -6 route show dev bond0 | grep -v ^fe80");
        assert_eq!(host.commit(&managed()), "live");
        until_managed(&mut host).await;
        assert_eq!(host.commit(CONFIG), "live");
        assert_eq!(rules(), before);
        assert_eq!(shell("ip -o address show dev eth0"), "");
        assert_eq!(shell("ip route show table all | grep eth0 || true"), "");
        assert_eq!(shell("nft list tables"), "");
        assert!(
            !shell("ip link show eth0").contains("UP"),
            "it was down before"
        );
        assert_eq!(
            shell("ip route; ip -6 route show dev bond0 | grep -v ^fe80"),
            data
        );
    });
}

#[test]
#[ignore = "needs root"]
fn a_port_that_was_up_before_stays_up_and_a_killed_hostd_is_followed_by_one_that_clears_up() {
    in_a_namespace(async || {
        raise();
        let host = Host::start_with("killed", &managed()).await;
        let host = host.restart(CONFIG).await;
        assert_eq!(shell("nft list tables"), "");
        assert!(!rules().contains("240"), "{}", rules());
        assert!(
            !shell("ip link show eth0").contains("UP"),
            "hostd had set it up"
        );
        shell("ip link set eth0 up");
        let host = host.restart(&managed()).await;
        host.commit(CONFIG);
        assert!(shell("ip link show eth0").contains("UP"), "an operator had");
    });
}

#[test]
#[ignore = "needs root"]
fn a_commit_that_newly_names_a_nic_that_is_not_there_is_refused_and_one_that_goes_on_is_not() {
    in_a_namespace(async || {
        shell(BOND0);
        let host = Host::start_with("newly", &managed()).await;
        let elsewhere = managed().replace("eth0", "eth9");
        let refused = host.step(&host.connect(), "prepare", Some(&elsewhere));
        let why = refused["error"].as_str().expect("a reason");
        assert!(
            why.contains("management.interface") && why.contains("eth9"),
            "{why}"
        );
        // The one that is missing already is missing, and everything else can be changed.
        host.commit(&managed().replace("192.0.2.10/24", "192.0.2.11/24"));
        assert!(
            rules().contains("from 192.0.2.11 lookup 240"),
            "{}",
            rules()
        );
    });
}
