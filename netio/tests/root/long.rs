//! Frames of several descriptors on veth pairs of MTU 9,000.
#![allow(unsafe_code)] // fork: only a process can be killed

use netio::xdp::{Program, Shape, XdpLane, XdpMode};
use netio::{Batch, Lane, Port};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::adoption::{adopt, forward_for_ever, stored};
use crate::lab::{self, Lab, SHAPE, arrivals, number, numbered, received, transmit, turns};

const LONG: Shape = Shape {
    chunk: 4096,
    long_frames: true,
    ..SHAPE
};
/// MTU 9,000 and an Ethernet header.
const LONGEST: usize = 9_014;

fn lab(ports: usize) -> Lab {
    let lab = Lab::new(ports, 1);
    (0..ports).for_each(|port| lab.set_mtu(port, 9_000));
    lab
}

/// A numbered frame whose bytes tell where they stand.
fn long(number: u32, len: usize) -> Vec<u8> {
    let mut frame = numbered(number);
    frame.extend((0..=250).cycle().take(len - frame.len()));
    frame
}

/// Of the lengths around the borders of chunks, one in turn.
fn mixed(number: u32) -> Vec<u8> {
    const LENGTHS: [usize; 6] = [64, 3_840, 3_841, 7_680, 7_681, LONGEST];
    long(number, LENGTHS[number as usize % LENGTHS.len()])
}

#[test]
fn a_long_frame_is_received_rewritten_and_transmitted_byte_for_byte() {
    if !lab::is_root() {
        return;
    }
    for mode in [XdpMode::Native, XdpMode::Generic] {
        let lab = lab(2);
        let (_programs, mut lane) = lab.lane_of(2, LONG, mode);
        let free = lane.free_frames();
        let peers = [lab.peer(0), lab.peer(1)];
        for step in 0..600 {
            let mut frame = mixed(step);
            peers[0].send(&frame).unwrap();
            turns(&mut lane, 0, 1, |lane, frame| {
                lane.bytes(&frame)[0] = 6;
                lane.transmit(1, frame).unwrap();
            });
            frame[0] = 6;
            assert!(arrivals(&peers[1], 1) == [frame], "{mode}: frame {step}");
        }
        lane.flush();
        assert!(lab::is_settled(&lane, free));
        assert_eq!((lane.overlong(), lane.invalid_descriptors()), (0, 0));
        let statistics = lane.statistics(0).unwrap();
        assert_eq!((statistics.rx_dropped, statistics.tx_invalid_descs), (0, 0));
    }
}

#[test]
fn many_long_frames_in_a_row_arrive_in_order_and_come_back() {
    if !lab::is_root() {
        return;
    }
    let lab = lab(1);
    let (_programs, mut lane) = lab.lane_of(1, LONG, XdpMode::Native);
    let (free, peer) = (lane.free_frames(), lab.peer(0));
    for round in 0..10 {
        // More descriptors than the kernel takes with one kick.
        let frames: Vec<_> = (0..60).map(|step| mixed(round * 60 + step)).collect();
        frames
            .iter()
            .for_each(|frame| transmit(&mut lane, 0, frame));
        lane.flush();
        assert!(arrivals(&peer, 60) == frames, "round {round}");
    }
    let progress = lane.progress(0);
    assert_eq!(progress.queued, 600 / 6 * (1 + 1 + 2 + 2 + 3 + 3));
    assert_eq!(progress.sent, progress.queued, "in the same unit");
    lane.flush();
    assert!(lab::is_settled(&lane, free));
}

#[test]
fn a_ring_without_room_for_all_of_a_frame_takes_none_of_it() {
    if !lab::is_root() {
        return;
    }
    let lab = lab(1);
    let (_programs, mut lane) = lab.lane_of(1, LONG, XdpMode::Native);
    lab::ip(&format!("-n {} link set p0 down", lab.here));
    for number in 0..LONG.ring_size - 2 {
        transmit(&mut lane, 0, &numbered(number));
    }
    let free = lane.free_frames();
    let frame = lane.compose(&long(1_000, LONGEST)).unwrap();
    let frame = lane.transmit(0, frame).unwrap_err();
    assert!(lane.parts(&frame).concat() == long(1_000, LONGEST));
    lane.release(frame);
    assert_eq!(lane.free_frames(), free);
    transmit(&mut lane, 0, &long(1_001, 5_000));
    assert_eq!(lane.free_frames(), free - 2, "two descriptors had room");
}

#[test]
fn without_long_frames_the_kernel_drops_and_counts_them() {
    if !lab::is_root() {
        return;
    }
    let lab = lab(1);
    let shape = Shape {
        long_frames: false,
        ..LONG
    };
    let (_programs, mut lane) = lab.lane_of(1, shape, XdpMode::Native);
    let peer = lab.peer(0);
    peer.send(&long(1, LONGEST)).unwrap();
    peer.send(&numbered(2)).unwrap();
    assert_eq!(received(&mut lane, 0, 1), [numbered(2)]);
    assert_eq!(lane.statistics(0).unwrap().rx_dropped, 1);
}

#[test]
fn an_overlong_frame_is_dropped_counted_and_leaves_no_chunk_behind() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    lab.set_mtu(0, 9_000);
    // In chunks of this size the longest frame is six.
    let shape = Shape {
        chunk: 2048,
        ..LONG
    };
    let (_programs, mut lane) = lab.lane_of(1, shape, XdpMode::Native);
    let (free, peer) = (lane.free_frames(), lab.peer(0));
    for step in 0..200 {
        peer.send(&long(step, LONGEST)).unwrap();
        peer.send(&long(step, 4 * 1_792)).unwrap();
        assert!(received(&mut lane, 0, 1) == [long(step, 4 * 1_792)]);
    }
    assert_eq!(lane.overlong(), 200);
    lane.flush();
    assert!(lab::is_settled(&lane, free));
}

#[test]
fn long_frames_read_but_not_passed_on_are_received_again_whole() {
    if !lab::is_root() {
        return;
    }
    let lab = lab(2);
    let (_programs, mut lane) = lab.lane_of(2, LONG, XdpMode::Native);
    let free = lane.free_frames();
    let frames: Vec<_> = (0..30).map(mixed).collect();
    let peer = lab.peer(0);
    frames.iter().for_each(|frame| peer.send(frame).unwrap());
    let mut batch = Batch::new();
    while batch.len() < frames.len() {
        lane.wait(wire::Duration::from_secs(10), None).unwrap();
        lane.receive(0, &mut batch);
    }
    // Half of them stand in a transmit ring that nobody was told of.
    for frame in batch.into_iter().take(15) {
        lane.transmit(1, frame).unwrap();
    }
    let store = stored(&lane);
    drop(lane);
    let mut lane = adopt(&lab, store);
    assert!(received(&mut lane, 0, 30) == frames);
    lane.flush();
    assert!(lab::is_settled(&lane, free));
}

#[test]
fn a_process_killed_amid_long_frames_leaks_no_chunk_and_halves_no_frame() {
    if !lab::is_root() {
        return;
    }
    let lab = lab(2);
    let (_programs, mut lane): (Vec<Program>, XdpLane) = lab.lane_of(2, LONG, XdpMode::Native);
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
        let mut note = |frame: Vec<u8>| {
            let number = number(&frame);
            assert!(
                frame == mixed(number),
                "round {round}: frame {number} is whole"
            );
            numbers.push(number);
            number
        };
        for step in 0..120 {
            peers[0].send(&mixed(step)).unwrap();
            if step == 60 + round * 2 {
                kill(child, Signal::SIGKILL).unwrap();
            }
            lab::arrival(&peers[1], 0).map(&mut note);
        }
        waitpid(child, None).unwrap();
        lane = adopt(&lab, store);
        assert!(!lane.is_in_quarantine(), "veth completes at once");
        loop {
            let mut batch = Batch::new();
            lane.receive(0, &mut batch);
            for frame in batch {
                lane.transmit(1, frame).unwrap();
            }
            lane.flush();
            let next = lab::arrival(&peers[1], 1000).expect("the last frame arrives");
            if note(next) == 119 {
                break;
            }
        }
        numbers.dedup();
        assert_eq!(numbers, (0..120).collect::<Vec<_>>(), "round {round}");
        assert!(
            lab::is_settled(&lane, whole),
            "round {round}: no chunk leaks"
        );
    }
}
