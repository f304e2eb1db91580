//! `show interfaces` and `show version`, over the socket.

use serde_json::Value;

use crate::stage::{BOND0, CONFIG, Host, in_a_namespace, shell};

fn roles(items: &[Value]) -> Vec<String> {
    let one = |item: &Value| {
        let text = |key: &str| item[key].as_str().expect("text").to_owned();
        format!("{}: {}", text("name"), text("role"))
    };
    items.iter().map(one).collect()
}

#[test]
#[ignore = "needs root"]
fn every_interface_is_shown_with_what_it_is_for_and_a_nic_that_is_not_there_is_missing() {
    in_a_namespace(async || {
        shell(BOND0);
        shell("ip link set far1 name spare1; ip link set eth1 mtu 1400");
        let text = "\n[management]\ninterface = \"eth9\"\naddresses = [\"192.0.2.10/24\"]\n";
        let mut host = Host::start_with("show", &format!("{CONFIG}{text}")).await;
        host.until_complete("bond0").await;
        let items = host.show("interfaces");
        assert_eq!(
            roles(&items),
            [
                "bond0: bond",
                "eth1: member of bond0",
                "eth9: missing",
                "far0: unused",
                "spare1: unused"
            ]
        );
        let (bond, member) = (&items[0], &items[1]);
        assert_eq!(bond["addresses"][0], "10.1.0.2/24");
        assert_eq!(
            (&bond["up"], &bond["carrier"]),
            (&true.into(), &true.into())
        );
        assert_eq!(
            (&member["up"], &member["mtu"]),
            (&false.into(), &1400.into())
        );
        assert!(member["speed"].is_null(), "nobody knows");
        let mac = shell("ip -br link show eth1");
        let mac = mac.split_whitespace().nth(2).expect("a MAC address");
        assert_eq!(member["mac"], mac);
    });
}

#[test]
#[ignore = "needs root"]
fn the_version_says_what_runs_and_nothing_else_is_hostds_to_show() {
    in_a_namespace(async || {
        let host = Host::start("version").await;
        let items = host.show("version");
        assert_eq!(items.len(), 1);
        let kernel = shell("uname -r");
        assert_eq!(items[0]["kernel"], kernel.trim());
        assert_eq!(items[0]["host_name"], shell("uname -n").trim());
        let peer = host.connect();
        peer.send(br#"{"show":"bond"}"#, &[]).expect("sent");
        let (answer, _) = peer.recv().expect("an answer");
        assert!(String::from_utf8_lossy(&answer).contains("bond is bondd's"));
    });
}
