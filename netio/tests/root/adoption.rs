//! Restarts: what a dead process leaves behind, and who goes on with it.
#![allow(unsafe_code)] // fork: only a process can be killed

use std::os::fd::OwnedFd;

use netio::packet::PacketSocket;
use netio::xdp::{Program, XdpLane, XdpMode};
use netio::{Batch, Lane, Port};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::lab::{self, Lab, SHAPE, arrivals, number, numbered, received, transmit, turns};

/// What a store keeps: duplicates of a lane's descriptors.
pub fn stored(lane: &XdpLane) -> (String, Vec<OwnedFd>) {
    let (meta, descriptors) = lane.descriptors().unwrap();
    let copies = descriptors
        .into_iter()
        .map(|fd| fd.try_clone_to_owned().unwrap())
        .collect();
    (meta, copies)
}

pub fn adopt(lab: &Lab, (meta, descriptors): (String, Vec<OwnedFd>)) -> XdpLane {
    lab.inside(|| XdpLane::adopt(descriptors, &meta).unwrap())
}

#[test]
fn an_adopted_lane_receives_what_came_while_nobody_was_there() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(2, 1);
    let (_programs, mut lane) = lab.lane(2);
    let peer = lab.peer(0);
    peer.send(&numbered(0)).unwrap();
    assert_eq!(received(&mut lane, 0, 1), vec![numbered(0)]);
    let (free, store) = (lane.free_frames(), stored(&lane));
    drop(lane);
    let frames: Vec<_> = (1..100).map(numbered).collect();
    frames.iter().for_each(|frame| peer.send(frame).unwrap());
    let mut lane = adopt(&lab, store);
    assert!(!lane.is_in_quarantine());
    assert_eq!(received(&mut lane, 0, 99), frames);
    assert!(lab::is_settled(&lane, free));
    let other = lab.peer(1);
    transmit(&mut lane, 1, &numbered(5));
    lane.flush();
    assert_eq!(arrivals(&other, 1), vec![numbered(5)]);
}

#[test]
fn frames_in_a_dead_workers_hand_are_free_again() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, mut lane) = lab.lane(1);
    let free = lane.free_frames();
    let hoard: Vec<_> = std::iter::from_fn(|| lane.allocate()).collect();
    assert_eq!(hoard.len(), free);
    lane.flush();
    let store = stored(&lane);
    drop(lane);
    assert_eq!(adopt(&lab, store).free_frames(), free);
}

#[test]
fn frames_read_but_not_passed_on_are_received_again() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, mut lane) = lab.lane(1);
    let peer = lab.peer(0);
    peer.send(&numbered(1)).unwrap();
    lane.wait(wire::Duration::from_secs(10), None).unwrap();
    let mut batch = Batch::new();
    assert_eq!(lane.receive(0, &mut batch), 1);
    let store = stored(&lane);
    drop(lane);
    assert_eq!(received(&mut adopt(&lab, store), 0, 1), vec![numbered(1)]);
}

#[test]
fn after_a_full_receive_ring_no_frame_is_used_twice() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, mut lane) = lab.lane(1);
    let (peer, free) = (lab.peer(0), lane.free_frames());
    // With a hundred frames unread the receive ring is full before the fill ring is empty; some
    // kernels are then left with a frame in hand that they have nowhere to put.
    (0..100).for_each(|step| peer.send(&numbered(step)).unwrap());
    lane.wait(wire::Duration::from_secs(10), None).unwrap();
    lane.flush();
    let store = stored(&lane);
    drop(lane);
    (100..400).for_each(|step| peer.send(&numbered(step)).unwrap());
    let mut lane = adopt(&lab, store);
    let kept = SHAPE.ring_size;
    let expected: Vec<_> = (0..kept).map(numbered).collect();
    assert_eq!(received(&mut lane, 0, expected.len()), expected);
    assert!(lane.statistics(0).unwrap().rx_ring_full > 0);
    for round in 0..20 {
        let frames: Vec<_> = (0..50).map(|step| numbered(round * 50 + step)).collect();
        frames.iter().for_each(|frame| peer.send(frame).unwrap());
        assert_eq!(received(&mut lane, 0, 50), frames);
    }
    assert!(!lane.is_in_quarantine());
    assert!(lab::is_settled(&lane, free));
}

#[test]
fn a_killed_process_loses_and_repeats_next_to_nothing() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(2, 1);
    let (_programs, mut lane) = lab.lane(2);
    let peers = [lab.peer(0), lab.peer(1)];
    let whole = lane.free_frames();
    for round in 0..20 {
        let store = stored(&lane);
        // SAFETY: the child runs its lane, which allocates nothing and takes no lock, until killed.
        let child = match unsafe { fork() }.unwrap() {
            ForkResult::Child => forward_for_ever(lane),
            ForkResult::Parent { child } => child,
        };
        drop(lane);
        let mut numbers = Vec::new();
        for step in 0..200 {
            peers[0].send(&numbered(step)).unwrap();
            if step == 100 + round * 3 {
                kill(child, Signal::SIGKILL).unwrap();
            }
            numbers.extend(lab::arrival(&peers[1], 0).map(|frame| number(&frame)));
        }
        waitpid(child, None).unwrap();
        lane = adopt(&lab, store);
        assert!(!lane.is_in_quarantine(), "veth completes at once");
        while numbers.last() != Some(&199) {
            let mut batch = Batch::new();
            lane.receive(0, &mut batch);
            batch
                .into_iter()
                .for_each(|frame| lane.transmit(1, frame).unwrap());
            lane.flush();
            let next = lab::arrival(&peers[1], 1000).expect("the last frame arrives");
            numbers.push(number(&next));
        }
        numbers.dedup();
        assert_eq!(
            numbers,
            (0..200).collect::<Vec<_>>(),
            "round {round}: all, in order"
        );
        assert!(
            lab::is_settled(&lane, whole),
            "round {round}: no frame leaks"
        );
    }
}

pub fn forward_for_ever(mut lane: XdpLane) -> ! {
    loop {
        let mut batch = Batch::new();
        lane.receive(0, &mut batch);
        for frame in batch {
            if let Err(frame) = lane.transmit(1, frame) {
                lane.release(frame);
            }
        }
        lane.flush();
    }
}

#[test]
fn what_does_not_fit_is_not_adopted() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, lane) = lab.lane(1);
    let refuse = |meta: String, descriptors| {
        lab.inside(|| XdpLane::adopt(descriptors, &meta).unwrap_err().to_string())
    };
    let (meta, descriptors) = stored(&lane);
    let error = refuse(meta.replace("\"version\":2", "\"version\":0"), descriptors);
    assert!(error.contains("layout"), "{error}");
    let (meta, mut descriptors) = stored(&lane);
    descriptors.pop();
    let error = refuse(meta, descriptors);
    assert!(error.contains("descriptors"), "{error}");
    let (meta, descriptors) = stored(&lane);
    lab::ip(&format!("-n {} link del p0", lab.here));
    lab.add_port(0, 1);
    let error = refuse(meta, descriptors);
    assert!(error.contains("another interface"), "{error}");
}

#[test]
fn a_pinned_program_outlives_its_process_and_is_adopted() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (programs, mut lane) = lab.lane(1);
    let peer = lab.peer(0);
    drop(programs);
    let kernel = lab.inside(|| PacketSocket::open("p0", PacketSocket::ALL).unwrap());
    peer.send(&numbered(1)).unwrap();
    turns(&mut lane, 0, 1, |lane, frame| lane.release(frame));
    let adopt = |mode| lab.inside(|| Program::adopt("p0", &lab.pins, mode).unwrap());
    assert!(
        adopt(XdpMode::Generic).is_none(),
        "another mode of attachment"
    );
    let mut program = adopt(XdpMode::Native).expect("the pinned program");
    program.insert(0, lane.socket(0).unwrap()).unwrap();
    peer.send(&numbered(2)).unwrap();
    assert_eq!(received(&mut lane, 0, 1), vec![numbered(2)]);
    lab::assert_silent(&kernel);
}

#[test]
fn the_pin_of_an_interface_that_has_gone_is_not_adopted_but_replaced() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    drop(lab.lane(1));
    lab::ip(&format!("-n {} link del p0", lab.here));
    lab.add_port(0, 1);
    let adopted = lab.inside(|| Program::adopt("p0", &lab.pins, XdpMode::Native).unwrap());
    assert!(adopted.is_none());
    let (_programs, mut lane) = lab.lane(1);
    lab.peer(0).send(&numbered(1)).unwrap();
    assert_eq!(received(&mut lane, 0, 1), vec![numbered(1)]);
}
