//! Frames longer than a chunk of the umem: every way through the worker takes them whole or not at all.

use bond::{Mode, feedback};
use lvsd::capture::{Batch, Direction};
use lvsd::reason::DropReason;
use netio::frame::Lane as _;
use wire::Duration;
use wire::checksum::{ipv4_header_valid, transport_valid};
use wire::headers::Headers;

use crate::appliance::{
    Appliance, BOND, CLIENT, CLIENT_IP, REAL, REAL_IP, Sizes, VIP, echo, request,
};

/// A chunk has 3,840 bytes for a frame: of these, the first needs two and the other three.
const DATA: [usize; 2] = [5_000, 8_960];
const SIZES: Sizes = Sizes {
    frames: 64,
    ring: 32,
    table: 1 << 20,
    mtu: 9_000,
};

fn appliance(mode: Mode, sizes: Sizes) -> Appliance {
    let mut appliance = Appliance::detached(sizes);
    appliance.table.mode = mode;
    appliance.table.buckets = [0; bond::BUCKETS];
    appliance.attach();
    appliance
}

fn free(appliance: &mut Appliance) -> usize {
    appliance.worker.lane().free_frames()
}

fn dropped(appliance: &Appliance, reason: DropReason) -> u64 {
    appliance.shared.workers[0].counters.drops(reason).total()
}

/// What a request is like behind the service: for the real, and otherwise as it was.
fn assert_translated(sent: &[u8], came: &[u8]) {
    let headers = Headers::parse(sent).unwrap();
    assert_eq!((headers.destination, headers.source), (REAL, BOND));
    assert_eq!(sent[30..34], REAL_IP);
    assert!(ipv4_header_valid(&sent[14..34]));
    assert!(
        transport_valid(sent, &headers),
        "the checksum covers all of it"
    );
    assert!(sent[54..] == came[54..], "the data is what it was");
}

#[test]
fn frames_of_two_and_three_chunks_are_translated_and_arrive_byte_for_byte() {
    let mut appliance = appliance(Mode::BalanceXor, SIZES);
    let whole = free(&mut appliance);
    for (port, data) in (4_000..).zip(DATA) {
        let came = request(port, data);
        appliance.receive(&came);
        let sent = appliance.sent();
        assert_eq!((sent.len(), sent[0].len()), (1, came.len()));
        assert_translated(&sent[0], &came);
    }
    assert_eq!(free(&mut appliance), whole);
    let bytes: u64 = DATA.iter().map(|data| *data as u64 + 54).sum();
    let port = &appliance.shared.workers[0].counters.ports[0];
    for traffic in [&port.received, &port.transmitted] {
        assert_eq!((traffic.frames.total(), traffic.bytes.total()), (2, bytes));
    }
    let words = appliance.shared.bonds[0].feedback.words();
    feedback::set_workers(words, 1);
    let told: u64 = (0..=u8::MAX)
        .map(|bucket| feedback::bytes(words, bucket))
        .sum();
    assert_eq!(told, bytes, "bondd weighs whole frames");
}

#[test]
fn a_ring_without_room_for_all_of_a_frame_takes_none_of_it() {
    let ring = 4;
    let mut appliance = appliance(Mode::BalanceXor, Sizes { ring, ..SIZES });
    let whole = free(&mut appliance);
    appliance.wire.block(0, true);
    appliance.receive(&request(4_000, 8_960));
    assert_eq!(free(&mut appliance), whole - 3);
    appliance.receive(&request(4_001, 5_000));
    assert_eq!(dropped(&appliance, DropReason::TxRingFull), 1);
    assert_eq!(
        free(&mut appliance),
        whole - 3,
        "what is refused is free again"
    );
    appliance.receive(&request(4_002, 100));
    assert_eq!(free(&mut appliance), whole - 4, "one chunk still fits");
    appliance.wire.block(0, false);
    appliance.worker.turn(appliance.now);
    let lengths: Vec<_> = appliance.sent().iter().map(Vec::len).collect();
    assert_eq!(lengths, [9_014, 154]);
    assert_eq!(free(&mut appliance), whole);
}

#[test]
fn no_chunk_is_lost_whatever_becomes_of_the_frames() {
    let mut appliance = appliance(Mode::BalanceXor, SIZES);
    let whole = free(&mut appliance);
    for round in 0..100 {
        for (step, data) in [100, 5_000, 8_960, 16_000].into_iter().enumerate() {
            let mut frame = request(4_000 + round, data);
            match step + usize::from(round % 7) {
                // Cut short, not for us, not for a service, and sent out.
                0 => frame.truncate(data / 2),
                1 => frame[5] ^= 1,
                2 => frame[33] ^= 1,
                _ => {}
            }
            appliance.receive(&frame);
        }
        appliance.pass(Duration::from_millis(1));
    }
    appliance.worker.turn(appliance.now);
    assert_eq!(free(&mut appliance), whole);
    assert_eq!(dropped(&appliance, DropReason::Overlong), 100);
    assert!(!appliance.sent().is_empty());
}

#[test]
fn a_frame_that_ends_before_its_packet_does_is_malformed_though_its_head_is_whole() {
    let mut appliance = appliance(Mode::BalanceXor, SIZES);
    let mut frame = request(4_000, 8_960);
    frame.truncate(9_013);
    appliance.receive(&frame);
    assert_eq!(appliance.sent(), Vec::<Vec<u8>>::new());
    assert_eq!(dropped(&appliance, DropReason::Malformed), 1);
}

#[test]
fn a_long_echo_request_to_a_virtual_address_comes_back_whole() {
    let mut appliance = appliance(Mode::BalanceXor, SIZES);
    let mut asked = echo(VIP, 8_900);
    asked[8_000] = 0x5a;
    // As if the sender had summed it up so.
    let sum = u16::from_be_bytes([asked[36], asked[37]]);
    let sum = wire::checksum::update16(sum, 0, 0x5a00);
    asked[36..38].copy_from_slice(&sum.to_be_bytes());
    appliance.receive(&asked);
    let answers = appliance.sent();
    let [answer] = answers.as_slice() else {
        panic!("{} answers", answers.len());
    };
    let headers = Headers::parse(answer).unwrap();
    assert_eq!(headers.destination, CLIENT);
    assert!(transport_valid(answer, &headers));
    assert!(answer[38..] == asked[38..]);
}

#[test]
fn a_long_frame_goes_to_the_host_and_comes_from_it_whole() {
    let mut appliance = appliance(Mode::BalanceXor, SIZES);
    let whole = free(&mut appliance);
    let punted = echo(REAL_IP, 8_900);
    appliance.receive(&punted);
    let mut room = [0; lvsd::ring::FRAME_MAX];
    let (_, len) = appliance.shared.bonds[0].to_host.pop(&mut room).unwrap();
    assert!(room[..len] == punted[..]);
    assert!(appliance.shared.workers[0].from_host.push(0, &[&punted]));
    appliance.worker.turn(appliance.now);
    assert!(appliance.sent() == [punted]);
    assert_eq!(free(&mut appliance), whole);
}

#[test]
fn a_long_frame_that_is_copied_parked_or_held_is_whole_when_it_leaves() {
    let came = request(4_000, 8_960);
    let mut copied = appliance(Mode::Broadcast, SIZES);
    copied.receive(&came);
    let mut parked = appliance(Mode::BalanceXor, SIZES);
    parked.set_hops(&[(CLIENT_IP, CLIENT)]);
    parked.receive(&came);
    parked.set_hops(&[(CLIENT_IP, CLIENT), (REAL_IP, REAL)]);
    parked.worker.turn(parked.now);
    let mut held = appliance(Mode::BalanceXor, SIZES);
    (0..=255).for_each(|bucket| held.table.moving.held.insert(bucket));
    held.publish();
    held.receive(&came);
    assert_eq!(held.sent(), Vec::<Vec<u8>>::new());
    held.table.moving = bond::egress::Moving::default();
    held.publish();
    held.worker.turn(held.now);
    for (mut appliance, count) in [(copied, 2), (parked, 1), (held, 1)] {
        let sent = appliance.sent();
        assert_eq!(sent.len(), count);
        sent.iter().for_each(|sent| assert_translated(sent, &came));
        assert_eq!(free(&mut appliance), SIZES.frames);
    }
}

#[test]
fn a_capture_has_all_of_a_long_frame_or_says_how_long_it_was() {
    let mut appliance = appliance(Mode::BalanceXor, SIZES);
    let captures = &appliance.shared.captures;
    let all = captures.begin(&[0], 65_535, 1).unwrap().unwrap();
    let start = captures.begin(&[0], 4_000, 1).unwrap().unwrap();
    let came = request(4_000, 8_960);
    appliance.receive(&came);
    let sent = appliance.sent().remove(0);
    for (capture, snap) in [(all, 65_535), (start, 4_000)] {
        let mut batch = Batch::new(1 << 20);
        assert!(capture.exchange(&mut batch));
        let ways = [Direction::Received, Direction::Sent];
        for ((head, bytes), (way, frame)) in batch.frames().zip(ways.iter().zip([&came, &sent])) {
            assert_eq!((head.direction, head.wire_len), (*way, 9_014));
            assert!(bytes == &frame[..frame.len().min(snap)]);
        }
        assert_eq!(batch.frames().count(), 2);
    }
}

#[test]
fn a_packet_longer_than_the_mtu_of_its_way_out_is_dropped_and_one_as_long_is_not() {
    let mtu = 1_500;
    let mut appliance = appliance(Mode::BalanceXor, Sizes { mtu, ..SIZES });
    appliance.receive(&request(4_000, mtu - 40));
    assert_eq!(appliance.sent().len(), 1);
    appliance.receive(&request(4_001, mtu - 39));
    assert_eq!(appliance.sent().len(), 0);
    assert_eq!(dropped(&appliance, DropReason::PacketTooBig), 1);
}
