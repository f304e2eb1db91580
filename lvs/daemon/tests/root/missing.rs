//! Members whose NICs the box does not have. Needs root.

use serde_json::Value;

use crate::daemon::{Lvsd, configuration, in_a_namespace, plug, shell};

/// Each port's name, whether it is missing, and its mode.
fn standing(ports: &[Value]) -> Vec<(String, bool, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let standing = |port: &Value| {
        (
            text(&port["name"]),
            port["missing"] == true,
            text(&port["mode"]),
        )
    };
    ports.iter().map(standing).collect()
}

fn carrier(interface: &str) -> String {
    // sysfs may show another namespace; the kernel's answer is of this thread's.
    let output = std::process::Command::new("ip")
        .args(["-o", "link", "show", interface])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs root"]
fn the_forwarder_runs_with_those_that_are_there_and_takes_up_the_one_that_comes() {
    in_a_namespace(async || {
        let members = configuration(&["eth9", "eth1"]);
        let mut lvsd = Lvsd::start("hotplug", &members).await;
        let ports = lvsd.ports(|ports| ports[1]["carrier"] == true);
        let native = "native".to_owned();
        assert_eq!(
            standing(&ports),
            [
                ("eth9".into(), true, String::new()),
                ("eth1".into(), false, native.clone())
            ]
        );
        plug("eth9");
        let (code, text) = lvsd.end().await;
        assert_eq!(code, Some(75), "{text}");
        assert!(text.contains("eth9 is there"), "{text}");
        let lvsd = lvsd.follow().await;
        let ports = lvsd.ports(|ports| ports.iter().all(|port| port["carrier"] == true));
        assert_eq!(
            standing(&ports),
            [
                ("eth9".into(), false, native.clone()),
                ("eth1".into(), false, native)
            ]
        );
        lvsd.stop().await;
    });
}

#[test]
#[ignore = "needs root"]
fn a_bond_without_any_member_has_its_host_interface_without_carrier() {
    in_a_namespace(async || {
        let lvsd = Lvsd::start("none", &configuration(&["eth8", "eth9"])).await;
        let ports = lvsd.ports(|_| true);
        assert!(standing(&ports).iter().all(|(_, missing, _)| *missing));
        assert_eq!(ports.len(), 2);
        let there = carrier("bond0");
        assert!(there.contains("NO-CARRIER"), "{there}");
        lvsd.stop().await;
    });
}

#[test]
#[ignore = "needs root"]
fn a_member_that_goes_is_no_end_and_one_away_at_the_next_start_is_none_either() {
    in_a_namespace(async || {
        let lvsd = Lvsd::start("away", &configuration(&["eth1", "eth2"])).await;
        lvsd.ports(|ports| ports.iter().all(|port| port["carrier"] == true));
        shell("ip link delete eth2");
        let ports = lvsd.ports(|ports| ports[1]["missing"] == true);
        assert_eq!(ports[1]["carrier"], false);
        assert_eq!(ports[0]["carrier"], true);
        lvsd.child
            .signal(nix::sys::signal::Signal::SIGKILL)
            .unwrap();
        let mut lvsd = lvsd;
        lvsd.end().await;
        let lvsd = lvsd.follow().await;
        let ports = lvsd.ports(|ports| ports[0]["carrier"] == true);
        assert_eq!(ports[1]["missing"], true);
        lvsd.stop().await;
    });
}

#[test]
#[ignore = "needs root"]
fn without_a_bond_there_is_nothing_to_forward_and_the_forwarder_runs() {
    in_a_namespace(async || {
        let lvsd = Lvsd::start("bondless", "").await;
        assert_eq!(lvsd.ports(|_| true), [Value::Null; 0]);
        lvsd.stop().await;
    });
}
