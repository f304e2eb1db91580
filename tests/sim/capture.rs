//! What a capture sees of the worker's frames.

use std::sync::Arc;

use lvsd::capture::{Batch, Capture, Direction};

use crate::appliance::{Appliance, BOND, CLIENT, REAL, Sizes, VIP, echo, syn};

/// What waits in a capture: port, direction, and bytes.
fn waiting(capture: &Capture) -> Vec<(usize, Direction, Vec<u8>)> {
    let mut batch = Batch::new(1 << 20);
    let mut all = Vec::new();
    while capture.exchange(&mut batch) {
        let frames = batch.frames();
        all.extend(frames.map(|(head, bytes)| (head.port, head.direction, bytes.to_vec())));
    }
    all
}

fn begin(appliance: &Appliance, ports: &[usize]) -> Arc<Capture> {
    let captures = &appliance.shared.captures;
    captures.begin(ports, 65_535, 1).unwrap().unwrap()
}

#[test]
fn a_frame_is_seen_as_it_came_and_then_as_it_leaves_by_its_member() {
    let mut appliance = Appliance::up();
    let both = begin(&appliance, &[0, 1]);
    let one = [0, 1].map(|port| begin(&appliance, &[port]));
    let came = syn(40_000);
    appliance.receive(&came);
    let sent = [appliance.wire.take(0), appliance.wire.take(1)];
    let by = usize::from(sent[0].is_empty());
    let left = sent[by][0].clone();
    assert_eq!(left[..6], REAL.0, "rewritten");
    assert_eq!(left[6..12], BOND.0);
    let received = (0, Direction::Received, came);
    let forwarded = (by, Direction::Sent, left);
    assert_eq!(waiting(&both), [received.clone(), forwarded.clone()]);
    for (port, capture) in one.iter().enumerate() {
        let mut expected = vec![received.clone(), forwarded.clone()];
        expected.retain(|(at, _, _)| *at == port);
        assert_eq!(waiting(capture), expected);
    }
}

#[test]
fn a_reply_of_our_own_and_a_frame_that_is_dropped_are_seen_too() {
    let mut appliance = Appliance::up();
    let capture = begin(&appliance, &[0, 1]);
    appliance.receive(&echo(VIP, 8));
    let answer = appliance.sent().remove(0);
    let seen = waiting(&capture);
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[1].1, &seen[1].2), (Direction::Sent, &answer));
    assert_eq!(answer[..6], CLIENT.0);
    let mut foreign = syn(40_000);
    foreign[5] ^= 1;
    appliance.receive(&foreign);
    assert_eq!(waiting(&capture), [(0, Direction::Received, foreign)]);
    assert!(appliance.sent().is_empty());
}

#[test]
fn what_found_the_transmit_ring_full_did_not_leave() {
    let mut appliance = Appliance::detached(Sizes {
        ring: 1,
        ..Sizes::default()
    });
    appliance.attach();
    let capture = begin(&appliance, &[0, 1]);
    for port in 0..20 {
        appliance.wire.inject(0, &syn(40_000 + port));
    }
    appliance.worker.turn(appliance.now);
    let mut captured: Vec<_> = waiting(&capture)
        .into_iter()
        .filter(|(_, direction, _)| *direction == Direction::Sent)
        .map(|(_, _, frame)| frame)
        .collect();
    let mut left = appliance.sent();
    assert!((1..20).contains(&left.len()), "some rings were full");
    captured.sort();
    left.sort();
    assert_eq!(captured, left);
}

#[test]
fn nothing_is_seen_after_the_end_nor_without_a_capture() {
    let mut appliance = Appliance::up();
    let capture = begin(&appliance, &[0, 1]);
    appliance.shared.captures.end(&capture);
    appliance.receive(&syn(40_000));
    assert_eq!(appliance.sent().len(), 1);
    assert_eq!(waiting(&capture), []);
}
