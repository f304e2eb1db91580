//! A client that captures from a running `lvsd`. Needs root.

use netio::Port as _;
use netio::packet::PacketSocket;
use serde_json::Value;
use sys::packet::Packet;
use tests::wait;

use crate::daemon::{GENEROUS, Lvsd, configuration, in_a_namespace};

fn request(interface: &str, snap_length: u32) -> String {
    format!(r#"{{"capture":{{"interface":"{interface}","snap_length":{snap_length}}}}}"#)
}

/// A frame of a protocol that nobody answers, with this last byte.
fn frame(last: u8) -> Vec<u8> {
    let mut frame = [[0xff; 6], [2, 0, 0, 0, 0, 9]].concat();
    frame.extend([0x88, 0xb5]);
    frame.extend([0; 100]);
    frame[113] = last;
    frame
}

/// The next captured frame: what is said of it, and its bytes.
fn next(peer: &Packet) -> (Value, Vec<u8>) {
    let record: Value = serde_json::from_slice(&peer.recv().unwrap().0).unwrap();
    let frame = record["capture"]["frame"].clone();
    assert!(!frame.is_null(), "{record}");
    (frame, peer.recv().unwrap().0)
}

/// As [`next`], for a frame of the tests' protocol: others may come by themselves.
fn next_of_ours(peer: &Packet) -> (Value, Vec<u8>) {
    loop {
        let (head, bytes) = next(peer);
        if bytes[12..14] == [0x88, 0xb5] {
            return (head, bytes);
        }
    }
}

fn error(answer: &Value) -> &str {
    answer["error"].as_str().unwrap_or_default()
}

#[test]
#[ignore = "needs root"]
fn a_client_gets_what_comes_by_the_ports_it_named_with_member_time_and_length() {
    in_a_namespace(async || {
        let lvsd = Lvsd::start("capture", &configuration(&["eth1", "eth2"])).await;
        lvsd.ports(|ports| ports.iter().all(|port| port["carrier"] == true));
        let bond = lvsd.connect();
        let begun = lvsd.ask(&bond, &request("bond0", 65_535));
        assert_eq!(
            begun["capture"]["begun"],
            serde_json::json!(["eth1", "eth2"])
        );
        let member = lvsd.connect();
        let begun = lvsd.ask(&member, &request("eth2", 20));
        assert_eq!(begun["capture"]["begun"], serde_json::json!(["eth2"]));
        let far = ["far-eth1", "far-eth2"].map(|far| PacketSocket::open(far, 0).unwrap());
        let before = sys::clock::unix_nanos();
        far[0].send(&frame(1)).unwrap();
        let (head, bytes) = next_of_ours(&bond);
        assert_eq!(bytes, frame(1));
        assert_eq!(
            (&head["interface"], &head["sent"]),
            (&0.into(), &false.into())
        );
        assert_eq!((&head["length"], &head["lost"]), (&114.into(), &0.into()));
        let at = head["unix_ns"].as_u64().unwrap();
        assert!((before..=sys::clock::unix_nanos()).contains(&at));
        far[1].send(&frame(2)).unwrap();
        assert_eq!(next_of_ours(&bond).0["interface"], 1);
        let (head, bytes) = next_of_ours(&member);
        assert_eq!(
            bytes,
            frame(2)[..20],
            "the first member's is none of its own"
        );
        assert_eq!(
            (&head["interface"], &head["length"]),
            (&0.into(), &114.into())
        );
        lvsd.stop().await;
    });
}

#[test]
#[ignore = "needs root"]
fn what_is_no_port_is_refused_with_what_there_is() {
    in_a_namespace(async || {
        let lvsd = Lvsd::start("refused", &configuration(&["eth1", "eth9"])).await;
        let ask = |record: &str| {
            let answer = lvsd.ask(&lvsd.connect(), record);
            error(&answer).to_owned()
        };
        assert_eq!(
            ask(&request("eth7", 100)),
            "eth7: no data port; there are bond0 (eth1, eth9)"
        );
        assert_eq!(
            ask(&request("eth9", 100)),
            "eth9: the box does not have this NIC now"
        );
        assert_eq!(ask(&request("eth1", 0)), "snap_length is at least 1");
        let bond = lvsd.ask(&lvsd.connect(), &request("bond0", 100));
        assert_eq!(bond["capture"]["begun"], serde_json::json!(["eth1"]));
        lvsd.stop().await;
    });
}

#[test]
#[ignore = "needs root"]
fn four_run_at_a_time_and_one_that_hangs_up_or_dies_makes_room() {
    in_a_namespace(async || {
        let lvsd = Lvsd::start("four", &configuration(&["eth1", "eth2"])).await;
        let begin = || {
            let peer = lvsd.connect();
            let answer = lvsd.ask(&peer, &request("bond0", 100));
            let refused = error(&answer).to_owned();
            if refused.is_empty() {
                Ok(peer)
            } else {
                Err(refused)
            }
        };
        let mut running: Vec<Packet> = (0..4).map(|_| begin().unwrap()).collect();
        assert_eq!(
            begin().unwrap_err(),
            "4 captures run already, the most at a time"
        );
        running.pop();
        let again = wait::until("room", GENEROUS, || begin().ok()).unwrap();
        let far = PacketSocket::open("far-eth1", 0).unwrap();
        far.send(&frame(3)).unwrap();
        for peer in running.iter().chain([&again]) {
            assert_eq!(next_of_ours(peer).1, frame(3)[..100]);
        }
        lvsd.stop().await;
    });
}

#[test]
#[ignore = "needs root"]
fn a_client_that_does_not_read_loses_frames_and_is_told_how_many() {
    in_a_namespace(async || {
        let lvsd = Lvsd::start("slow", &configuration(&["eth1", "eth2"])).await;
        lvsd.ports(|ports| ports.iter().all(|port| port["carrier"] == true));
        let slow = lvsd.connect();
        lvsd.ask(&slow, &request("eth1", 65_535));
        let far = PacketSocket::open("far-eth1", 0).unwrap();
        let received = || lvsd.items(r#"{"show":"ports"}"#)[0]["rx_frames"].as_u64();
        // More than its socket and its queue can hold.
        let enough = 20_000;
        wait::until("frames", GENEROUS, || {
            (0..500).for_each(|_| far.send(&frame(4)).unwrap());
            received().filter(|count| *count >= enough)
        })
        .unwrap();
        let (mut taken, mut lost) = (0, 0);
        while taken + lost < enough {
            if taken % 1_000 == 0 {
                // What was lost is told with the next frame.
                far.send(&frame(5)).unwrap();
            }
            let (head, bytes) = next_of_ours(&slow);
            taken += u64::from(bytes[113] == 4);
            lost += head["lost"].as_u64().unwrap();
        }
        assert!(lost > 0 && taken > 0, "{taken} taken, {lost} lost");
        lvsd.stop().await;
    });
}
