//! The AF_XDP lane on veth pairs.

use netio::xdp::{Shape, XdpLane, XdpMode, open};
use netio::{Batch, Lane, Port};

use crate::lab::{self, Lab, SHAPE, arrivals, numbered, received, transmit, turns};

#[test]
fn frames_come_in_and_go_out() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, mut lane) = lab.lane(1);
    let peer = lab.peer(0);
    peer.send(&numbered(7)).unwrap();
    assert_eq!(received(&mut lane, 0, 1), vec![numbered(7)]);
    // More than the kernel takes with one kick.
    for number in 0..100 {
        transmit(&mut lane, 0, &numbered(number));
    }
    lane.flush();
    let sent: Vec<_> = (0..100).map(numbered).collect();
    assert_eq!(arrivals(&peer, 100), sent);
    assert_eq!(lane.mode(), XdpMode::Native);
    let statistics = lane.statistics(0).unwrap();
    assert_eq!((statistics.rx_dropped, statistics.tx_invalid_descs), (0, 0));
    assert_eq!(lane.invalid_descriptors(), 0);
}

#[test]
fn two_ports_forward_to_each_other_without_a_copy() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(2, 1);
    let (_programs, mut lane) = lab.lane(2);
    let peers = [lab.peer(0), lab.peer(1)];
    let free = lane.free_frames();
    for round in 0..40 {
        for (from, to) in [(0, 1), (1, 0)] {
            let frames: Vec<_> = (0..50).map(|step| numbered(round * 50 + step)).collect();
            frames
                .iter()
                .for_each(|frame| peers[from].send(frame).unwrap());
            turns(&mut lane, from, 50, |lane, frame| {
                lane.transmit(to, frame).unwrap()
            });
            assert_eq!(arrivals(&peers[to], 50), frames);
        }
    }
    // 4000 frames through 2048: all come back, but for the few that a refill waits for.
    lane.flush();
    assert!(lab::is_settled(&lane, free));
}

#[test]
fn a_full_transmit_ring_gives_frames_back_until_the_link_is_up_again() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, mut lane) = lab.lane(1);
    let peer = lab.peer(0);
    lab::ip(&format!("-n {} link set p0 down", lab.here));
    let mut refused = 0;
    for number in 0..SHAPE.ring_size + 10 {
        let mut frame = lane.allocate().unwrap();
        let bytes = numbered(number);
        lane.set_len(&mut frame, bytes.len());
        lane.bytes(&frame).copy_from_slice(&bytes);
        if let Err(frame) = lane.transmit(0, frame) {
            lane.release(frame);
            refused += 1;
        }
        lane.flush();
    }
    assert_eq!(refused, 10);
    lab::ip(&format!("-n {} link set p0 up", lab.here));
    lane.flush();
    assert_eq!(lab::number(&arrivals(&peer, 1)[0]), 0);
}

#[test]
fn a_taken_queue_is_busy_until_its_owner_lets_go() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, lane) = lab.lane(1);
    let again = || XdpLane::create(&[lab::port(0)], SHAPE, XdpMode::Native);
    let error = lab.inside(again).unwrap_err();
    assert!(error.to_string().contains("busy"), "{error}");
    drop(lane);
    lab.inside(again).unwrap();
}

#[test]
fn the_first_mode_that_every_port_has_is_taken() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(2, 1);
    let names = ["p0".to_owned(), "p1".to_owned()];
    let try_modes = |modes: &[XdpMode]| lab.inside(|| open(&names, 1, SHAPE, &lab.pins, modes));
    let error = try_modes(&[XdpMode::ZeroCopy]).unwrap_err();
    assert!(error.to_string().contains("zerocopy"), "{error}");
    let pins = std::fs::read_dir(lab.pins.path())
        .unwrap()
        .map(|pin| pin.unwrap().file_name());
    let ours = pins
        .filter(|name| name.as_encoded_bytes().starts_with(b"p"))
        .count();
    // The kernel has a progs.debug there.
    assert_eq!(ours, 1, "a failure leaves no pin");
    assert_eq!(try_modes(&XdpMode::ALL).unwrap().mode, XdpMode::Native);
    let mut generic = try_modes(&[XdpMode::Generic]).unwrap();
    lab.peer(1).send(&numbered(1)).unwrap();
    assert_eq!(received(&mut generic.lanes[0], 1, 1), vec![numbered(1)]);
    assert_eq!(generic.lanes[0].mode(), XdpMode::Generic);
}

#[test]
fn each_queue_has_its_own_lane() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 2);
    let mut opened = lab
        .inside(|| open(&["p0".to_owned()], 2, SHAPE, &lab.pins, &XdpMode::ALL))
        .unwrap();
    let peer = lab.peer(0);
    for port in 0..200 {
        peer.send(&crate::steering::udp4(port, 80, 0)).unwrap();
    }
    let mut counts = [0; 2];
    let start = std::time::Instant::now();
    while counts.iter().sum::<usize>() < 200 && start.elapsed() < lab::PATIENCE {
        for (lane, count) in opened.lanes.iter_mut().zip(&mut counts) {
            let mut batch = Batch::new();
            *count += lane.receive(0, &mut batch);
            batch.into_iter().for_each(|frame| lane.release(frame));
            lane.flush();
        }
    }
    assert_eq!(counts.iter().sum::<usize>(), 200);
    assert!(
        counts.iter().all(|count| *count > 50),
        "flows are spread: {counts:?}"
    );
}

#[test]
fn a_4096_byte_chunk_carries_3500_bytes() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    lab.set_mtu(0, 3490);
    let shape = Shape {
        chunk: 4096,
        ..SHAPE
    };
    let mut opened = lab
        .inside(|| open(&["p0".to_owned()], 1, shape, &lab.pins, &XdpMode::ALL))
        .unwrap();
    let mut frame = numbered(3);
    frame.resize(3500, 0x5a);
    lab.peer(0).send(&frame).unwrap();
    assert_eq!(received(&mut opened.lanes[0], 0, 1), vec![frame]);
}

#[test]
fn a_wrong_shape_is_refused() {
    let create = |shape| XdpLane::create(&[lab::port(0)], shape, XdpMode::Native).unwrap_err();
    for (shape, reason) in [
        (
            Shape {
                ring_size: 100,
                ..SHAPE
            },
            "ring_size",
        ),
        (
            Shape {
                chunk: 3000,
                ..SHAPE
            },
            "chunk",
        ),
        (
            Shape {
                frames: 256,
                ..SHAPE
            },
            "frames",
        ),
    ] {
        let error = create(shape).to_string();
        assert!(error.contains(reason), "{error}");
    }
}
