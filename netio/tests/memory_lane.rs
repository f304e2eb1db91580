//! The in-memory lane: every frame is in exactly one place, whatever is done with it.

use netio::memory::{MemoryLane, MemoryPort};
use netio::{Batch, Frame, Lane, Port};
use proptest::prelude::*;
use wire::Duration;

const PORTS: usize = 2;
const FRAMES: usize = 8;
/// Descriptors, so that a long frame may find room for a part of it.
const RING: usize = 3;

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
        (port.clone(), prop_oneof![0..64_usize, 3_000..16_000_usize])
            .prop_map(|(port, len)| Step::Inject(port, vec![7; len])),
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
    fn every_chunk_is_in_exactly_one_place(steps in prop::collection::vec(step(), 0..200)) {
        let mut lane = MemoryLane::new(PORTS, FRAMES, RING).unwrap();
        let wire = lane.wire();
        let mut held: Vec<Frame> = Vec::new();
        // Chunks, as are all counts of the lane's.
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
                    let chunks = lane.parts(&frame).len();
                    let sent = if frame.is_empty() { 0 } else { chunks };
                    let has_room = sending[port] + chunks <= RING;
                    let before = sending[port];
                    match lane.transmit(port, frame) {
                        Ok(()) => sending[port] += sent,
                        Err(frame) => held.push(frame),
                    }
                    prop_assert_eq!(sending[port], if has_room { before + sent } else { before });
                    let progress = lane.progress(port);
                    prop_assert_eq!(progress.queued - progress.sent, sending[port] as u64);
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
            let in_hand: usize = held.iter().map(|frame| lane.parts(frame).len()).sum();
            prop_assert_eq!(lane.held_frames(), in_hand);
            let total = lane.free_frames() + in_hand + sending.iter().sum::<usize>();
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

/// Bytes that tell where they stand.
fn counted(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

#[test]
fn a_long_frame_crosses_byte_for_byte_and_is_rewritten_in_its_head() {
    let mut lane = MemoryLane::new(PORTS, FRAMES, 8).unwrap();
    let wire = lane.wire();
    for (len, chunks) in [(3_840, 1), (3_841, 2), (9_014, 3), (15_360, 4)] {
        let mut bytes = counted(len);
        wire.inject(0, &bytes);
        let mut batch = Batch::new();
        assert_eq!(lane.receive(0, &mut batch), 1);
        let frame = batch.pop().unwrap();
        assert_eq!((frame.len(), frame.is_long()), (len, chunks > 1));
        assert_eq!(lane.free_frames(), FRAMES - chunks);
        lane.bytes(&frame)[0] = 0xff;
        bytes[0] = 0xff;
        assert!(lane.parts(&frame).concat() == bytes);
        lane.transmit(1, frame).unwrap();
        lane.flush();
        assert!(wire.take(1) == [bytes]);
        assert_eq!(lane.free_frames(), FRAMES);
    }
}

#[test]
fn a_frame_of_more_chunks_than_a_frame_may_have_is_dropped_and_counted() {
    let mut lane = MemoryLane::new(1, FRAMES, 8).unwrap();
    lane.wire().inject(0, &counted(15_361));
    assert_eq!(lane.receive(0, &mut Batch::new()), 0);
    assert_eq!((lane.overlong(), lane.free_frames()), (1, FRAMES));
    assert!(lane.compose(&counted(15_361)).is_none());
    assert_eq!(lane.free_frames(), FRAMES);
}

#[test]
fn a_long_frame_of_our_own_needs_all_its_chunks() {
    let mut lane = MemoryLane::new(1, 2, 8).unwrap();
    assert!(lane.compose(&counted(9_014)).is_none());
    assert_eq!(lane.free_frames(), 2);
    let frame = lane.compose(&counted(5_000)).unwrap();
    let mut room = [0; 4_500];
    assert_eq!(
        lane.copy(&frame, &mut room),
        4_500,
        "as much as there is room for"
    );
    assert!(room[..] == counted(4_500)[..]);
    lane.release(frame);
}

#[test]
fn a_ring_with_room_for_one_descriptor_refuses_a_long_frame_whole() {
    let mut lane = MemoryLane::new(1, FRAMES, 3).unwrap();
    lane.wire().block(0, true);
    let first = lane.compose(&counted(5_000)).unwrap();
    lane.transmit(0, first).unwrap();
    let second = lane.compose(&counted(5_000)).unwrap();
    let second = lane.transmit(0, second).unwrap_err();
    assert_eq!(lane.parts(&second).concat().len(), 5_000);
    lane.release(second);
    assert_eq!(lane.progress(0).queued, 2, "descriptors, as they come back");
    assert_eq!(lane.free_frames(), FRAMES - 2);
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
