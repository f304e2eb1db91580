//! The in-memory lane: every frame is in exactly one place, whatever is done with it.

use netio::memory::{MemoryLane, MemoryPort};
use netio::{Batch, Frame, Lane, Port};
use proptest::prelude::*;
use wire::Duration;

const PORTS: usize = 2;
const FRAMES: usize = 8;

#[derive(Clone, Debug)]
enum Step {
    Inject(usize, Vec<u8>),
    Receive(usize),
    Allocate,
    Transmit(usize),
    Release,
    Flush,
    Block(usize, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let port = 0..PORTS;
    prop_oneof![
        (port.clone(), prop::collection::vec(any::<u8>(), 0..64))
            .prop_map(|(port, bytes)| Step::Inject(port, bytes)),
        port.clone().prop_map(Step::Receive),
        Just(Step::Allocate),
        port.clone().prop_map(Step::Transmit),
        Just(Step::Release),
        Just(Step::Flush),
        (port, any::<bool>()).prop_map(|(port, blocked)| Step::Block(port, blocked)),
    ]
}

proptest! {
    #[test]
    fn every_frame_is_in_exactly_one_place(steps in prop::collection::vec(step(), 0..200)) {
        let mut lane = MemoryLane::new(PORTS, FRAMES, 3).unwrap();
        let wire = lane.wire();
        let mut held: Vec<Frame> = Vec::new();
        let (mut sending, mut blocked) = ([0; PORTS], [false; PORTS]);
        for step in steps {
            match step {
                Step::Inject(port, bytes) => wire.inject(port, &bytes),
                Step::Receive(port) => {
                    let mut batch = Batch::new();
                    let count = lane.receive(port, &mut batch);
                    prop_assert_eq!(count, batch.len());
                    held.extend(batch);
                }
                Step::Allocate => held.extend(lane.allocate()),
                Step::Transmit(port) => if let Some(frame) = held.pop() {
                    let empty = frame.is_empty();
                    match lane.transmit(port, frame) {
                        Ok(()) => sending[port] += usize::from(!empty),
                        Err(frame) => held.push(frame),
                    }
                },
                Step::Release => if let Some(frame) = held.pop() { lane.release(frame) },
                Step::Flush => {
                    lane.flush();
                    for port in 0..PORTS {
                        if !blocked[port] { sending[port] = 0; }
                    }
                }
                Step::Block(port, now) => {
                    wire.block(port, now);
                    blocked[port] = now;
                }
            }
            prop_assert_eq!(lane.held_frames(), held.len());
            let total = lane.free_frames() + held.len() + sending.iter().sum::<usize>();
            prop_assert_eq!(total, FRAMES);
        }
    }
}

#[test]
fn a_frame_crosses_from_port_to_port_unchanged() {
    let mut lane = MemoryLane::new(PORTS, FRAMES, 8).unwrap();
    let wire = lane.wire();
    wire.inject(0, b"hello");
    let mut batch = Batch::new();
    assert_eq!(lane.receive(0, &mut batch), 1);
    let frame = batch.pop().unwrap();
    assert_eq!(lane.bytes(&frame), b"hello");
    lane.transmit(1, frame).unwrap();
    assert!(wire.take(1).is_empty(), "nothing leaves before the flush");
    lane.flush();
    assert_eq!(wire.take(1), vec![b"hello".to_vec()]);
    assert_eq!(lane.free_frames(), FRAMES);
}

#[test]
fn a_full_transmit_ring_gives_the_frame_back() {
    let mut lane = MemoryLane::new(1, FRAMES, 1).unwrap();
    let mut first = lane.allocate().unwrap();
    lane.set_len(&mut first, 60);
    lane.transmit(0, first).unwrap();
    let second = lane.allocate().unwrap();
    let second = lane.transmit(0, second).unwrap_err();
    lane.release(second);
    assert_eq!(lane.free_frames(), FRAMES - 1);
}

#[test]
fn a_frame_grows_up_to_its_chunk_and_no_further() {
    let mut lane = MemoryLane::new(1, FRAMES, 1).unwrap();
    let mut frame = lane.allocate().unwrap();
    assert!(frame.is_empty());
    let room = lane.buffer(&frame).len();
    lane.set_len(&mut frame, room + 1);
    assert_eq!(frame.len(), room);
    lane.release(frame);
}

#[test]
fn waiting_ends_when_a_frame_arrives_and_not_before() {
    let mut lane = MemoryLane::new(1, FRAMES, 1).unwrap();
    let wire = lane.wire();
    lane.wait(Duration::from_millis(1), None).unwrap();
    let mut batch = Batch::new();
    assert_eq!(lane.receive(0, &mut batch), 0);
    let other = std::thread::spawn(move || wire.inject(0, b"x"));
    lane.wait(Duration::from_secs(30), None).unwrap();
    assert_eq!(lane.receive(0, &mut batch), 1);
    other.join().unwrap();
    lane.release(batch.pop().unwrap());
}

#[test]
fn an_empty_frame_is_released_and_not_sent() {
    let mut lane = MemoryLane::new(1, FRAMES, 1).unwrap();
    let frame = lane.allocate().unwrap();
    lane.transmit(0, frame).unwrap();
    lane.flush();
    assert!(lane.wire().take(0).is_empty());
    assert_eq!(lane.free_frames(), FRAMES);
}

#[test]
fn the_two_ends_of_a_memory_port_hear_each_other_and_not_themselves() {
    let (one, other) = MemoryPort::pair().unwrap();
    one.send(b"frame").unwrap();
    let mut buffer = [0; 64];
    assert_eq!(other.recv(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"frame");
    for end in [&one, &other] {
        assert_eq!(
            end.recv(&mut buffer).unwrap_err().kind(),
            std::io::ErrorKind::WouldBlock
        );
    }
}
