//! The guest does what it is told, and says so.

use std::time::Duration;

use tests::guest::{Guest, Port};

#[test]
#[ignore = "needs QEMU and FOURFOLD_GUEST"]
fn the_guest_answers_commands_tells_failures_and_has_a_nic_on_each_wire() {
    let room = tempfile::tempdir().unwrap();
    let ports = ["eth0", "eth1"].map(|name| Port::open(room.path(), name).unwrap());
    let wires = ports.each_ref().map(Port::wire);
    let mut guest = Guest::boot(room.path(), &wires).unwrap();
    assert_eq!(guest.run("echo one\necho two").unwrap(), "one\ntwo");
    let error = guest.run("echo broken; false").unwrap_err().to_string();
    assert!(error.ends_with("ended with 1: broken"), "{error}");
    for kind in [
        "bond mode active-backup",
        "bridge",
        "dummy",
        "veth",
        "vlan id 7",
    ] {
        let lower = if kind.starts_with("vlan") {
            "link eth0"
        } else {
            ""
        };
        let add = format!("ip link add {lower} name one type {kind}; ip link del one");
        assert_eq!(guest.run(&add).unwrap(), "", "{kind}");
    }
    guest.set_link(1, false).unwrap();
    guest.run("ip link set eth1 up").unwrap();
    assert_eq!(guest.run("cat /sys/class/net/eth1/carrier").unwrap(), "0");
    guest.set_link(1, true).unwrap();
    let frame = ports[1].receive(Duration::from_secs(20)).unwrap();
    assert!(frame.is_some(), "eth1 says something when it comes up");
}
