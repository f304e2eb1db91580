//! Counters that an operator clears. Needs root.

use netio::Port as _;
use netio::packet::PacketSocket;
use serde_json::Value;

use crate::daemon::{Lvsd, configuration, in_a_namespace};

/// Frames of the first port, and frames that came before bondd.
fn counts(lvsd: &Lvsd, verb: &str) -> (u64, u64) {
    let ports = lvsd.items(&format!(r#"{{"{verb}":"ports"}}"#));
    let drops = lvsd.items(&format!(r#"{{"{verb}":"drops"}}"#));
    let is_ours = |item: &&Value| item["reason"] == "not_attached";
    let drop = drops.iter().find(is_ours).unwrap();
    (
        ports[0]["rx_frames"].as_u64().unwrap(),
        drop["count"].as_u64().unwrap(),
    )
}

fn clear(lvsd: &Lvsd) {
    assert_eq!(lvsd.ask(&lvsd.connect(), r#""clear""#), "done");
}

/// Sends so many frames, and waits until `figures` have counted them.
fn send(lvsd: &Lvsd, far: &PacketSocket, frames: u64) {
    let before = counts(lvsd, "figures").0;
    let mut frame = [[0xff; 6], [2, 0, 0, 0, 0, 9]].concat();
    frame.extend([0x88, 0xb5]);
    frame.extend([0; 100]);
    for _ in 0..frames {
        far.send(&frame).unwrap();
    }
    let counted = || (counts(lvsd, "figures").0 >= before + frames).then_some(());
    tests::wait::until("the frames", crate::daemon::GENEROUS, counted).unwrap();
}

#[test]
#[ignore = "needs root"]
fn show_counts_from_there_figures_go_on_and_a_new_start_forgets_it() {
    in_a_namespace(async || {
        let config = configuration(&["eth1"]);
        let lvsd = Lvsd::start("cleared", &config).await;
        lvsd.ports(|ports| ports[0]["carrier"] == true);
        let far = PacketSocket::open("far-eth1", 0).unwrap();
        send(&lvsd, &far, 5);
        assert_eq!(counts(&lvsd, "show"), (5, 5));
        clear(&lvsd);
        assert_eq!(counts(&lvsd, "show"), (0, 0));
        assert_eq!(counts(&lvsd, "figures"), (5, 5));
        send(&lvsd, &far, 3);
        assert_eq!(counts(&lvsd, "show"), (3, 3));
        assert_eq!(counts(&lvsd, "figures"), (8, 8));
        let mut lvsd = lvsd;
        lvsd.child
            .signal(nix::sys::signal::Signal::SIGKILL)
            .unwrap();
        lvsd.end().await;
        let lvsd = lvsd.follow().await;
        lvsd.ports(|ports| ports[0]["carrier"] == true);
        send(&lvsd, &far, 2);
        assert_eq!(counts(&lvsd, "show"), (2, 2));
        assert_eq!(counts(&lvsd, "figures"), (2, 2));
        lvsd.stop().await;
    });
}

#[test]
#[ignore = "needs root"]
fn what_does_not_count_has_no_figures() {
    in_a_namespace(async || {
        let lvsd = Lvsd::start("figures", &configuration(&["eth1"])).await;
        let answer = lvsd.ask(&lvsd.connect(), r#"{"figures":"vrrp"}"#);
        assert!(
            answer["error"].as_str().unwrap().contains("vrrpd"),
            "{answer}"
        );
        lvsd.stop().await;
    });
}
