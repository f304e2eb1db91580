//! Where frames go.

use bond::LacpRate;
use tests::switch::{Reason, Way};
use wire::{Duration, Mac};

use crate::lan::{Lan, config, frame, mac, ms, segment, tagged};

const A: &str = "a";
const B: &str = "b";
const C: &str = "c";

fn dropped(lan: &Lan, port: &str, way: Way, reason: Reason) -> u64 {
    let status = lan.fabric.status();
    status.port(port).unwrap().counters.of(way).dropped(reason)
}

#[test]
fn a_frame_to_nobody_known_is_flooded_and_never_back() {
    let mut lan = Lan::of(&[A, B, C]);
    let unknown = frame(mac(1), mac(2), 1);
    lan.send(A, &unknown);
    assert_eq!(lan.seen(&unknown), [B, C]);
}

#[test]
fn broadcast_and_multicast_are_flooded_however_much_was_learned() {
    let mut lan = Lan::of(&[A, B, C]);
    lan.send(B, &frame(mac(2), mac(1), 0));
    lan.received(A);
    lan.received(C);
    for destination in [Mac::BROADCAST, Mac([1, 0, 0x5e, 0, 0, 18])] {
        let frame = frame(mac(1), destination, 1);
        lan.send(A, &frame);
        assert_eq!(lan.seen(&frame), [B, C]);
    }
}

#[test]
fn a_frame_to_a_station_that_was_heard_goes_there_only() {
    let mut lan = Lan::of(&[A, B, C]);
    let first = frame(mac(2), mac(1), 1);
    lan.send(B, &first);
    assert_eq!(lan.seen(&first), [A, C]);
    let answer = frame(mac(1), mac(2), 2);
    lan.send(A, &answer);
    assert_eq!(lan.seen(&answer), [B]);
    let fdb = lan.fabric.fdb(lan.now);
    let at: Vec<_> = fdb.iter().map(|one| (one.mac, one.at.as_str())).collect();
    assert_eq!(at, [(mac(1), A), (mac(2), B)]);
}

#[test]
fn a_frame_to_a_station_behind_the_port_it_came_from_goes_nowhere() {
    let mut lan = Lan::of(&[A, B]);
    lan.send(A, &frame(mac(1), mac(9), 1));
    lan.received(B);
    let local = frame(mac(2), mac(1), 2);
    lan.send(A, &local);
    assert!(lan.seen(&local).is_empty());
    assert_eq!(dropped(&lan, A, Way::In, Reason::SamePlace), 1);
}

#[test]
fn a_station_that_moves_is_followed_with_its_first_frame() {
    let mut lan = Lan::of(&[A, B, C]);
    let vmac = Mac([0, 0, 0x5e, 0, 1, 51]);
    lan.send(A, &frame(vmac, Mac::BROADCAST, 1));
    lan.send(B, &frame(vmac, Mac::BROADCAST, 2));
    lan.clear();
    let to_it = frame(mac(3), vmac, 3);
    lan.send(C, &to_it);
    assert_eq!(lan.seen(&to_it), [B]);
    lan.send(A, &frame(vmac, mac(9), 4));
    lan.clear();
    lan.send(C, &to_it);
    assert_eq!(lan.seen(&to_it), [A]);
}

#[test]
fn a_station_that_is_silent_for_too_long_is_flooded_to_again() {
    let mut lan = Lan::of(&[A, B, C]);
    lan.send(B, &frame(mac(2), mac(1), 1));
    lan.clear();
    let to_it = frame(mac(1), mac(2), 2);
    lan.run(Duration::from_secs(299));
    lan.send(A, &to_it);
    assert_eq!(lan.seen(&to_it), [B]);
    lan.run(Duration::from_secs(2));
    lan.send(A, &to_it);
    assert_eq!(lan.seen(&to_it), [B, C]);
}

#[test]
fn a_tagged_frame_passes_as_it_is_and_each_vlan_learns_by_itself() {
    let mut lan = Lan::of(&[A, B, C]);
    let first = tagged(100, mac(2), mac(1), 1);
    lan.send(B, &first);
    assert_eq!(lan.seen(&first), [A, C]);
    let answer = tagged(100, mac(1), mac(2), 2);
    lan.send(A, &answer);
    assert_eq!(lan.seen(&answer), [B]);
    for elsewhere in [tagged(101, mac(1), mac(2), 3), frame(mac(1), mac(2), 3)] {
        lan.send(A, &elsewhere);
        assert_eq!(lan.seen(&elsewhere), [B, C]);
    }
    let fdb = lan.fabric.fdb(lan.now);
    let vlans: Vec<_> = fdb.iter().map(|station| station.vlan).collect();
    assert_eq!(vlans, [0, 100, 100, 101]);
}

#[test]
fn what_no_bridge_forwards_stays_at_its_port() {
    let mut lan = Lan::of(&[A, B]);
    // Spanning tree, LACP where nobody speaks it, LLDP; LACP's EtherType to another address.
    let mut stray = frame(mac(1), mac(2), 1);
    stray[12..14].copy_from_slice(&[0x88, 0x09]);
    let groups = [0, 2, 14].map(|last| frame(mac(1), Mac([1, 0x80, 0xc2, 0, 0, last]), 1));
    for frame in groups.iter().chain([&stray]) {
        lan.send(A, frame);
        assert!(lan.seen(frame).is_empty());
    }
    assert_eq!(dropped(&lan, A, Way::In, Reason::Reserved), 4);
    let beyond = frame(mac(1), Mac([1, 0x80, 0xc2, 0, 0, 0x10]), 1);
    lan.send(A, &beyond);
    assert_eq!(lan.seen(&beyond), [B]);
}

#[test]
fn a_frame_without_a_header_is_counted_and_dropped() {
    let mut lan = Lan::of(&[A, B]);
    lan.send(A, &[0xff; 13]);
    lan.send(A, &[]);
    assert!(lan.received(B).is_empty());
    assert_eq!(dropped(&lan, A, Way::In, Reason::Malformed), 2);
    lan.send(A, &[0xff; 14]);
    assert_eq!(lan.received(B).len(), 1);
}

#[test]
fn counters_tell_what_a_guest_sent_and_was_sent() {
    let mut lan = Lan::of(&[A, B]);
    lan.send(A, &frame(mac(1), mac(2), 1));
    lan.send(A, &frame(mac(1), mac(2), 2));
    let status = lan.fabric.status();
    let [a, b] = [A, B].map(|port| status.port(port).unwrap().counters.clone());
    assert_eq!((a.inward.carried.frames, a.inward.carried.bytes), (2, 120));
    assert_eq!(
        (b.outward.carried.frames, b.outward.carried.bytes),
        (2, 120)
    );
    assert_eq!((a.outward.carried.frames, b.inward.carried.frames), (0, 0));
}

#[test]
fn a_static_group_is_one_place_that_carries_each_flow_on_one_member() {
    let mut lan = Lan::new(&config(&["a1", "a2", B]).static_lag("lag", &["a1", "a2"]));
    // Its own frames never come back, by whichever member.
    let broadcast = frame(mac(1), Mac::BROADCAST, 1);
    lan.send("a1", &broadcast);
    assert_eq!(lan.seen(&broadcast), [B]);
    lan.send("a2", &broadcast);
    assert_eq!(lan.seen(&broadcast), [B]);
    assert_eq!(lan.fabric.fdb(lan.now)[0].at, "lag");
    // A broadcast to it is one frame.
    let to_all = frame(mac(2), Mac::BROADCAST, 2);
    lan.send(B, &to_all);
    assert_eq!(lan.seen(&to_all).len(), 1);
    let flow = |lan: &mut Lan, port| {
        let segment = segment(mac(2), mac(1), port);
        lan.send(B, &segment);
        let seen = lan.seen(&segment);
        assert_eq!(seen.len(), 1);
        seen[0].clone()
    };
    let by: Vec<String> = (1000..1100).map(|port| flow(&mut lan, port)).collect();
    let again: Vec<String> = (1000..1100).map(|port| flow(&mut lan, port)).collect();
    assert_eq!(by, again);
    let first = by.iter().filter(|port| *port == "a1").count();
    assert!((30..=70).contains(&first), "{first} of 100 flows by a1");
}

#[test]
fn a_static_group_carries_by_what_has_carrier_and_by_nothing_else() {
    let mut lan = Lan::new(&config(&["a1", "a2", B]).static_lag("lag", &["a1", "a2"]));
    lan.send("a1", &frame(mac(1), Mac::BROADCAST, 1));
    lan.received(B);
    lan.fabric.set_carrier(lan.now, "a1", false).unwrap();
    assert_eq!(lan.carrying("lag"), ["a2"]);
    for port in 1000..1020 {
        let segment = segment(mac(2), mac(1), port);
        lan.send(B, &segment);
        assert_eq!(lan.seen(&segment), ["a2"]);
    }
    // What the guest still sends there does not get in.
    lan.send("a1", &frame(mac(1), mac(2), 2));
    assert!(lan.received(B).is_empty());
    assert_eq!(dropped(&lan, "a1", Way::In, Reason::NoCarrier), 1);
    lan.fabric.set_carrier(lan.now, "a1", true).unwrap();
    assert_eq!(lan.carrying("lag"), ["a1", "a2"]);
}

#[test]
fn a_port_that_loses_carrier_is_nobodys_place_any_more() {
    let mut lan = Lan::of(&[A, B, C]);
    lan.send(A, &frame(mac(1), mac(9), 1));
    lan.clear();
    lan.fabric.set_carrier(lan.now, A, false).unwrap();
    let to_it = frame(mac(2), mac(1), 2);
    lan.send(B, &to_it);
    assert_eq!(lan.seen(&to_it), [C]);
}

#[test]
fn a_group_that_goes_down_is_nobodys_place_any_more() {
    let ports = ["a1", B, C];
    let mut lan = Lan::new(&config(&ports).lacp("lag", LacpRate::Fast, &["a1"]));
    lan.plug(LacpRate::Fast, &["a1"]);
    lan.run(ms(3_000));
    lan.send("a1", &frame(mac(1), mac(9), 1));
    lan.clear();
    let to_it = frame(mac(2), mac(1), 2);
    lan.send(B, &to_it);
    assert_eq!(lan.seen(&to_it), ["a1"]);
    lan.fabric.set_carrier(lan.now, "a1", false).unwrap();
    lan.send(B, &to_it);
    assert_eq!(lan.seen(&to_it), [C]);
}
