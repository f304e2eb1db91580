//! What can be wrong with a cable, each way by itself.

use tests::pcapng;
use tests::switch::{Direction, Loss, Reason, Way};

use crate::lan::{Lan, frame, mac, ms};

const A: &str = "a";
const B: &str = "b";
const C: &str = "c";

/// Sends so many numbered frames from `a` to `b`; the numbers that arrive.
fn arrive(lan: &mut Lan, frames: u8) -> Vec<u8> {
    for number in 0..frames {
        lan.send(A, &frame(mac(1), mac(2), number));
    }
    numbers(&lan.received(B))
}

fn numbers(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.iter().map(|frame| frame[14]).collect()
}

/// Sends a frame back from `b` to `a`; whether it arrives.
fn comes_back(lan: &mut Lan) -> bool {
    lan.send(B, &frame(mac(2), mac(1), 0));
    !lan.received(A).is_empty()
}

fn dropped(lan: &Lan, port: &str, way: Way, reason: Reason) -> u64 {
    let status = lan.fabric.status();
    status.port(port).unwrap().counters.of(way).dropped(reason)
}

#[test]
fn a_cable_that_is_cut_one_way_carries_the_other_way() {
    let mut lan = Lan::of(&[A, B]);
    lan.fabric.cut(A, Direction::In, true).unwrap();
    assert!(arrive(&mut lan, 2).is_empty());
    assert!(comes_back(&mut lan));
    assert_eq!(dropped(&lan, A, Way::In, Reason::Cut), 2);
    lan.fabric.heal(lan.now, A).unwrap();
    lan.fabric.cut(A, Direction::Out, true).unwrap();
    assert_eq!(arrive(&mut lan, 2), [0, 1]);
    assert!(!comes_back(&mut lan));
    assert_eq!(dropped(&lan, A, Way::Out, Reason::Cut), 1);
}

#[test]
fn a_cable_that_is_cut_carries_nothing_and_a_healed_one_everything() {
    let mut lan = Lan::of(&[A, B]);
    lan.fabric.cut(A, Direction::Both, true).unwrap();
    assert!(arrive(&mut lan, 3).is_empty());
    assert!(!comes_back(&mut lan));
    lan.fabric.heal(lan.now, A).unwrap();
    assert_eq!(arrive(&mut lan, 3), [0, 1, 2]);
    assert!(comes_back(&mut lan));
}

#[test]
fn a_frame_on_a_slow_cable_arrives_when_its_time_has_come_and_not_before() {
    let mut lan = Lan::of(&[A, B]);
    lan.fabric.delay(A, Direction::In, 20).unwrap();
    assert!(arrive(&mut lan, 2).is_empty());
    lan.run(ms(19));
    assert!(lan.received(B).is_empty());
    lan.run(ms(1));
    assert_eq!(numbers(&lan.received(B)), [0, 1]);
    // The other way it is not slow.
    assert!(comes_back(&mut lan));
    lan.fabric.heal(lan.now, A).unwrap();
    assert_eq!(arrive(&mut lan, 1), [0]);
}

#[test]
fn a_frame_is_slow_both_ways_when_the_cable_is() {
    let mut lan = Lan::of(&[A, B]);
    lan.fabric.delay(A, Direction::Both, 20).unwrap();
    assert!(arrive(&mut lan, 1).is_empty());
    assert!(!comes_back(&mut lan));
    lan.run(ms(20));
    assert_eq!((lan.received(A).len(), lan.received(B).len()), (1, 1));
}

#[test]
fn what_is_on_a_slow_cable_when_it_is_cut_is_lost() {
    let mut lan = Lan::of(&[A, B]);
    lan.fabric.delay(A, Direction::In, 20).unwrap();
    assert!(arrive(&mut lan, 2).is_empty());
    lan.run(ms(10));
    lan.fabric.cut(A, Direction::In, true).unwrap();
    lan.run(ms(10));
    lan.fabric.heal(lan.now, A).unwrap();
    lan.run(ms(100));
    assert!(lan.received(B).is_empty());
    assert_eq!(dropped(&lan, A, Way::In, Reason::Cut), 2);
}

#[test]
fn every_nth_frame_is_lost_and_the_others_arrive() {
    let mut lan = Lan::of(&[A, B]);
    lan.fabric
        .lose(A, Direction::In, Some(Loss::Every(3)))
        .unwrap();
    assert_eq!(arrive(&mut lan, 7), [0, 1, 3, 4, 6]);
    assert_eq!(dropped(&lan, A, Way::In, Reason::Lost), 2);
    assert!((0..5).all(|_| comes_back(&mut lan)));
    lan.fabric.lose(A, Direction::In, None).unwrap();
    assert_eq!(arrive(&mut lan, 3), [0, 1, 2]);
    let all = Some(Loss::Every(1));
    lan.fabric.lose(A, Direction::Both, all).unwrap();
    assert!(arrive(&mut lan, 3).is_empty());
    lan.fabric.heal(lan.now, A).unwrap();
    assert_eq!(arrive(&mut lan, 3), [0, 1, 2]);
}

#[test]
fn a_random_loss_loses_all_or_nothing_at_its_ends_and_the_same_in_between_for_a_seed() {
    let lossy = |per_mille, seed| {
        let mut lan = Lan::of(&[A, B]);
        let loss = Some(Loss::Random { per_mille, seed });
        lan.fabric.lose(A, Direction::In, loss).unwrap();
        arrive(&mut lan, 200)
    };
    assert_eq!(lossy(0, 1).len(), 200);
    assert_eq!(lossy(1_000, 1).len(), 0);
    assert_eq!(lossy(500, 1), lossy(500, 1));
    assert_ne!(lossy(500, 1), lossy(500, 2));
}

#[test]
fn a_mirror_sees_both_ways_of_its_port_and_nothing_else() {
    let mut lan = Lan::of(&[A, B, C, "monitor"]);
    // Learned, so that nothing is flooded.
    lan.send(A, &frame(mac(1), mac(9), 0));
    lan.send(B, &frame(mac(2), mac(1), 0));
    lan.send(C, &frame(mac(3), mac(1), 0));
    lan.clear();
    lan.fabric.mirror(A, Some("monitor")).unwrap();
    lan.send(A, &frame(mac(1), mac(2), 1));
    lan.send(B, &frame(mac(2), mac(1), 2));
    lan.send(B, &frame(mac(2), mac(3), 3));
    assert_eq!(numbers(&lan.received("monitor")), [1, 2]);
    assert_eq!(numbers(&lan.received(B)), [1]);
    assert_eq!(numbers(&lan.received(C)), [3]);
    lan.fabric.mirror(A, None).unwrap();
    lan.send(A, &frame(mac(1), mac(2), 4));
    assert!(lan.received("monitor").is_empty());
}

#[test]
fn a_mirror_sees_what_the_guest_sent_also_into_a_cut_cable() {
    let mut lan = Lan::of(&[A, B, "monitor"]);
    lan.fabric.mirror(A, Some("monitor")).unwrap();
    lan.fabric.cut(A, Direction::Both, true).unwrap();
    lan.send(A, &frame(mac(1), mac(2), 1));
    assert_eq!(numbers(&lan.received("monitor")), [1]);
    lan.send(B, &frame(mac(2), mac(1), 2));
    // Flooded to it as to every port; no copy of what the guest was never sent.
    assert_eq!(numbers(&lan.received("monitor")), [2]);
}

#[test]
fn an_unknown_port_is_an_error_that_names_those_that_there_are() {
    let mut lan = Lan::of(&[A, B]);
    let error = lan.fabric.cut("x", Direction::Both, true).unwrap_err();
    assert_eq!(error.to_string(), "no port x; there are a, b");
    assert!(lan.fabric.mirror(A, Some(A)).is_err());
}

/// The interface's name, the way, the time in milliseconds and the number of each recorded frame.
fn recorded(file: &std::path::Path) -> Vec<(String, Way, u64, u8)> {
    let one = |frame: pcapng::Recorded| {
        let way = if frame.is_inbound { Way::In } else { Way::Out };
        (frame.interface, way, frame.at / 1_000_000, frame.bytes[14])
    };
    pcapng::read(file).unwrap().into_iter().map(one).collect()
}

#[test]
fn a_recording_of_all_ports_has_every_frame_with_its_port_way_and_time() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("all.pcapng");
    let mut lan = Lan::of(&[A, B]);
    lan.send(A, &frame(mac(1), mac(2), 1));
    lan.fabric.record(None, &file).unwrap();
    lan.send(A, &frame(mac(1), mac(2), 2));
    lan.run(ms(250));
    lan.send(B, &frame(mac(2), mac(1), 3));
    lan.fabric.stop_recording(&file).unwrap();
    lan.send(A, &frame(mac(1), mac(2), 4));
    let frames = recorded(&file);
    let seen = frames
        .iter()
        .map(|(port, way, _, number)| (port.as_str(), *way, *number));
    assert!(seen.eq([
        (A, Way::In, 2),
        (B, Way::Out, 2),
        (B, Way::In, 3),
        (A, Way::Out, 3)
    ]));
    assert_eq!(frames[2].2 - frames[1].2, 250);
    let now = sys::clock::unix_millis();
    assert!(
        now.abs_diff(frames[0].2) < 60_000,
        "{} is not about now",
        frames[0].2
    );
}

#[test]
fn a_recording_of_one_port_has_no_other_ports_frames() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("one.pcapng");
    let mut lan = Lan::of(&[A, B, C]);
    lan.fabric.record(Some(B), &file).unwrap();
    lan.send(A, &frame(mac(1), mac(2), 1));
    lan.send(C, &frame(mac(3), mac(1), 2));
    assert_eq!(lan.fabric.status().recordings[0].frames, 1);
    lan.fabric.stop_recording(&file).unwrap();
    let ports: Vec<_> = recorded(&file).into_iter().map(|one| one.0).collect();
    assert_eq!(ports, [B]);
    assert!(lan.fabric.stop_recording(&file).is_err());
}

#[test]
fn a_recording_that_cannot_be_written_is_refused_or_shown() {
    let mut lan = Lan::of(&[A, B]);
    let nowhere = std::path::Path::new("/nonexistent/x.pcapng");
    assert!(lan.fabric.record(None, nowhere).is_err());
    assert!(lan.fabric.status().recordings.is_empty());
}
