//! The switch as the LACP partner of a bond of ours.

use bond::LacpRate;
use bond::lacp::{mux, receive};
use tests::switch::{Direction, Reason, Way};
use wire::lacp::State;
use wire::{Duration, Mac};

use crate::lan::{Lan, config, frame, mac, ms, segment};

const MEMBERS: [&str; 2] = ["a1", "a2"];

/// A bond with two members on a group, and a plain port `b`.
fn lan(ours: LacpRate, theirs: LacpRate) -> Lan {
    let mut lan = Lan::new(&config(&["a1", "a2", "b"]).lacp("lag", ours, &MEMBERS));
    lan.plug(theirs, &MEMBERS);
    lan
}

fn settled(ours: LacpRate, theirs: LacpRate) -> Lan {
    let mut lan = lan(ours, theirs);
    lan.run(ms(5_000));
    assert_eq!((lan.carrying("lag").len(), lan.usable(0).len()), (2, 2));
    lan
}

#[test]
fn both_sides_become_distributing_at_every_pair_of_rates() {
    for ours in [LacpRate::Slow, LacpRate::Fast] {
        for theirs in [LacpRate::Slow, LacpRate::Fast] {
            let lan = settled(ours, theirs);
            let status = lan.fabric.status();
            let lacp = status.group("lag").unwrap().lacp.clone().unwrap();
            assert_eq!((lacp.rate, lacp.ports.len()), (ours, 2));
            for port in &lacp.ports {
                assert_eq!(port.partner.system, mac(10));
                assert_eq!(port.receive, receive::State::Current);
                assert_eq!(port.mux, mux::State::CollectingDistributing);
                let asks_fast =
                    [port.actor, port.partner].map(|one| one.state.contains(State::TIMEOUT));
                assert_eq!(asks_fast, [ours, theirs].map(|rate| rate == LacpRate::Fast));
            }
        }
    }
}

#[test]
fn a_member_carries_nothing_before_lacp_says_so_and_everything_afterwards() {
    let mut lan = lan(LacpRate::Fast, LacpRate::Fast);
    let (inward, outward) = (frame(mac(1), mac(2), 1), frame(mac(2), mac(1), 2));
    lan.run(ms(1_000));
    lan.send("a1", &inward);
    lan.send("b", &outward);
    assert!(lan.received("a1").is_empty() && lan.received("a2").is_empty());
    assert!(lan.received("b").is_empty());
    let status = lan.fabric.status();
    let counters = &status.port("a1").unwrap().counters;
    assert_eq!(counters.inward.dropped(Reason::NotCollecting), 1);
    assert!(!status.port("a1").unwrap().carries);
    assert!(
        lan.fabric
            .fdb(lan.now)
            .iter()
            .all(|station| station.at == "b")
    );
    lan.run(ms(4_000));
    assert!(lan.fabric.status().port("a1").unwrap().carries);
    lan.send("a1", &inward);
    assert_eq!(lan.seen(&inward), ["b"]);
    lan.send("b", &outward);
    assert_eq!(lan.seen(&outward).len(), 1);
}

#[test]
fn a_group_without_a_partner_carries_nothing() {
    let mut lan = Lan::new(&config(&["a1", "a2", "b"]).lacp("lag", LacpRate::Fast, &MEMBERS));
    lan.run(Duration::from_secs(200));
    assert!(lan.carrying("lag").is_empty());
    // What its guests are sent is LACP, and that alone.
    lan.send("b", &frame(mac(2), Mac::BROADCAST, 1));
    let received = [lan.received("a1"), lan.received("a2")].concat();
    assert!(!received.is_empty());
    assert!(
        received
            .iter()
            .all(|one| one.starts_with(&wire::slow::GROUP.0))
    );
    assert!(
        lan.received("b").is_empty(),
        "LACP is nobody else's business"
    );
}

#[test]
fn flows_spread_over_the_members_and_a_broadcast_is_one_frame() {
    let mut lan = settled(LacpRate::Fast, LacpRate::Fast);
    lan.send("a2", &frame(mac(1), mac(9), 1));
    lan.received("b");
    let mut by_first = 0;
    for port in 1000..1100 {
        let segment = segment(mac(2), mac(1), port);
        lan.send("b", &segment);
        let seen = lan.seen(&segment);
        assert_eq!(seen.len(), 1);
        by_first += usize::from(seen[0] == "a1");
    }
    assert!(
        (30..=70).contains(&by_first),
        "{by_first} of 100 flows by a1"
    );
    let broadcast = frame(mac(2), Mac::BROADCAST, 1);
    lan.send("b", &broadcast);
    assert_eq!(lan.seen(&broadcast).len(), 1);
}

/// When a silently cut member is given up by the switch and by the bond, in milliseconds.
fn given_up(ours: LacpRate, theirs: LacpRate) -> [u64; 2] {
    let mut lan = settled(ours, theirs);
    lan.fabric.cut("a1", Direction::Both, true).unwrap();
    let mut gone = [None, None];
    for elapsed in 0..100_000 {
        if gone[0].is_none() && lan.carrying("lag") == ["a2"] {
            gone[0] = Some(elapsed);
        }
        if gone[1].is_none() && lan.usable(0) == [1] {
            gone[1] = Some(elapsed);
        }
        if let [Some(switch), Some(bond)] = gone {
            let segment = segment(mac(2), mac(1), 1);
            lan.send("b", &segment);
            assert_eq!(lan.seen(&segment), ["a2"]);
            return [switch, bond];
        }
        lan.run(ms(1));
    }
    panic!("{gone:?}");
}

#[test]
fn a_silently_cut_member_leaves_after_three_seconds_at_the_fast_rate() {
    for gone in given_up(LacpRate::Fast, LacpRate::Fast) {
        assert!((2_000..=3_000).contains(&gone), "{gone} ms");
    }
}

#[test]
fn a_silently_cut_member_leaves_after_ninety_seconds_at_the_slow_rate() {
    for gone in given_up(LacpRate::Slow, LacpRate::Slow) {
        assert!((60_000..=90_000).contains(&gone), "{gone} ms");
    }
}

#[test]
fn the_side_that_asks_for_the_fast_rate_notices_first_and_tells_the_other_by_the_other_member() {
    let [switch, _] = given_up(LacpRate::Fast, LacpRate::Slow);
    assert!((2_000..=3_000).contains(&switch), "{switch} ms");
    let [switch, bond] = given_up(LacpRate::Slow, LacpRate::Fast);
    assert!((2_000..=3_000).contains(&bond), "{bond} ms");
    assert!(switch >= bond, "{switch} ms");
}

#[test]
fn a_member_that_is_healed_carries_again() {
    let mut lan = settled(LacpRate::Fast, LacpRate::Fast);
    lan.fabric.cut("a1", Direction::Both, true).unwrap();
    lan.run(ms(4_000));
    assert_eq!((lan.carrying("lag").len(), lan.usable(0)), (1, vec![1]));
    lan.fabric.heal(lan.now, "a1").unwrap();
    lan.run(ms(5_000));
    assert_eq!((lan.carrying("lag").len(), lan.usable(0)), (2, vec![0, 1]));
}

#[test]
fn a_cable_cut_one_way_only_is_given_up_by_both_sides() {
    for direction in [Direction::In, Direction::Out] {
        let mut lan = settled(LacpRate::Fast, LacpRate::Fast);
        lan.fabric.cut("a1", direction, true).unwrap();
        // Three seconds until one side hears nothing, three more until it says so.
        lan.run(ms(8_000));
        assert_eq!(
            (lan.carrying("lag"), lan.usable(0)),
            (vec!["a2".to_owned()], vec![1])
        );
    }
}

#[test]
fn a_member_whose_cable_is_pulled_out_leaves_at_once_and_one_with_set_link_alone_does_not() {
    let mut lan = settled(LacpRate::Slow, LacpRate::Slow);
    lan.set_link(0, 0, false);
    assert_eq!((lan.carrying("lag").len(), lan.usable(0)), (2, vec![1]));
    lan.fabric.set_carrier(lan.now, "a1", false).unwrap();
    assert_eq!(lan.carrying("lag"), ["a2"]);
    lan.set_link(0, 0, true);
    lan.fabric.set_carrier(lan.now, "a1", true).unwrap();
    lan.run(ms(5_000));
    assert_eq!((lan.carrying("lag").len(), lan.usable(0)), (2, vec![0, 1]));
}

#[test]
fn two_guests_have_a_group_each_and_talk_through_the_switch() {
    let ports = ["a1", "a2", "b1", "b2"];
    let config = config(&ports)
        .lacp("a", LacpRate::Fast, &["a1", "a2"])
        .lacp("b", LacpRate::Slow, &["b1", "b2"]);
    let mut lan = Lan::new(&config);
    lan.plug(LacpRate::Fast, &["a1", "a2"]);
    lan.plug(LacpRate::Fast, &["b1", "b2"]);
    lan.run(ms(5_000));
    assert_eq!((lan.usable(0).len(), lan.usable(1).len()), (2, 2));
    let status = lan.fabric.status();
    let systems = ["a", "b"].map(|group| {
        let lacp = status.group(group).unwrap().lacp.clone().unwrap();
        lacp.system
    });
    assert_ne!(systems[0], systems[1]);
    lan.clear();
    let hello = frame(mac(1), Mac::BROADCAST, 1);
    lan.send("a1", &hello);
    let seen = lan.seen(&hello);
    assert!(seen == ["b1"] || seen == ["b2"], "{seen:?}");
}

#[test]
fn what_a_lacp_guest_is_shown_as_is_json_too() {
    let lan = settled(LacpRate::Fast, LacpRate::Fast);
    let text = serde_json::to_string(&lan.fabric.status()).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&text).unwrap();
    let group = &shown["groups"][0];
    assert_eq!(group["carrying"], serde_json::json!(["a1", "a2"]));
    assert_eq!(group["protocol"], serde_json::json!({"lacp": "fast"}));
    let port = &group["lacp"]["ports"][0];
    assert_eq!(port["partner"]["system"], serde_json::json!(mac(10)));
    assert_eq!(port["mux"], "collecting_distributing");
    let status = lan.fabric.status();
    let counters = &status.port("a1").unwrap().counters;
    assert!(counters.of(Way::In).carried.frames > 0);
}
