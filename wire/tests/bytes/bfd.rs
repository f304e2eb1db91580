//! BFD control packets and the frame of micro-BFD.

use std::net::IpAddr;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use proptest::prelude::*;
use wire::Mac;
use wire::bfd::{
    ControlPacket, Diagnostic, FrameInvalid, HOPS, Invalid, LEN, MICRO_GROUP, MICRO_PORT,
    MicroFrame, SINGLE_HOP_PORT, SOURCE_PORTS, State,
};

use crate::support::hex;

/// RFC 5880 4.1's diagram filled in by hand: version 1, diagnostic 3, Up, P and C set, 3 missed,
/// 1 and 2, 50 ms, 100 ms, no echo.
const BY_HAND: &str = "23 e8 03 18  00000001 00000002  0000c350 000186a0 00000000";

const MEMBER: Mac = Mac([0x02, 0, 0, 0, 0, 0x07]);

fn packet() -> ControlPacket {
    ControlPacket {
        diagnostic: Diagnostic::NEIGHBOR_SIGNALED_DOWN,
        state: State::Up,
        poll: true,
        is_final: false,
        control_plane_independent: true,
        demand: false,
        detect_mult: 3,
        my_discriminator: 1,
        your_discriminator: 2,
        desired_min_tx: 50_000,
        required_min_rx: 100_000,
        required_min_echo_rx: 0,
    }
}

/// The packet by hand with some bytes changed.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<ControlPacket, Invalid> {
    let mut bytes = hex(BY_HAND);
    change(&mut bytes);
    ControlPacket::parse(&bytes)
}

#[test]
fn the_packet_of_the_diagram_is_read_and_written() {
    assert_eq!(ControlPacket::parse(&hex(BY_HAND)), Ok(packet()));
    assert_eq!(packet().emit()[..], hex(BY_HAND)[..]);
}

#[test]
fn states_and_diagnostics_have_the_standards_numbers_and_bits_their_places() {
    let states = [State::AdminDown, State::Down, State::Init, State::Up];
    for (number, state) in (0_u8..).zip(states) {
        let bytes = ControlPacket { state, ..packet() }.emit();
        assert_eq!(bytes[1] >> 6, number, "{state}");
    }
    let quiet = ControlPacket {
        state: State::AdminDown,
        poll: false,
        control_plane_independent: false,
        ..packet()
    };
    assert_eq!(quiet.emit()[1], 0);
    let is_final = true;
    assert_eq!(ControlPacket { is_final, ..quiet }.emit()[1], 0x10);
    let demand = true;
    assert_eq!(ControlPacket { demand, ..quiet }.emit()[1], 0x02);
    let named = [
        Diagnostic::NONE,
        Diagnostic::DETECTION_TIME_EXPIRED,
        Diagnostic::NEIGHBOR_SIGNALED_DOWN,
        Diagnostic::ADMINISTRATIVELY_DOWN,
    ];
    assert_eq!(named.map(Diagnostic::number), [0, 1, 3, 7]);
    assert_eq!(Diagnostic::new(0xff).number(), 31);
    assert_eq!(Diagnostic::new(9).to_string(), "reserved");
}

#[test]
fn another_version_is_refused_before_anything_else() {
    for version in [0, 2, 7] {
        let bytes = |b: &mut Vec<u8>| {
            b[0] = version << 5;
            b[2] = 0;
        };
        assert_eq!(changed(bytes), Err(Invalid::Version));
    }
}

#[test]
fn a_length_below_the_fixed_fields_or_beyond_the_payload_is_refused() {
    assert_eq!(changed(|b| b[3] = 23), Err(Invalid::Length));
    assert_eq!(changed(|b| b[3] = 25), Err(Invalid::Length));
    assert_eq!(changed(|b| b.truncate(23)), Err(Invalid::Length));
    assert_eq!(changed(|b| b.truncate(3)), Err(Invalid::Length));
    // With the A bit 26 is the least.
    let short = |b: &mut Vec<u8>| {
        b[1] |= 0x04;
        b.extend([0; 8]);
    };
    assert_eq!(changed(short), Err(Invalid::Length));
    // What follows the packet inside the datagram is not its own.
    assert_eq!(changed(|b| b.extend([0xff; 8])), Ok(packet()));
}

#[test]
fn each_field_that_a_packet_must_have_is_missed() {
    assert_eq!(changed(|b| b[2] = 0), Err(Invalid::DetectMult));
    assert_eq!(changed(|b| b[1] |= 0x01), Err(Invalid::Multipoint));
    assert_eq!(changed(|b| b[7] = 0), Err(Invalid::MyDiscriminator));
    let secret = |b: &mut Vec<u8>| {
        b[1] |= 0x04;
        b[3] = 26;
        b.extend([1, 2]);
    };
    assert_eq!(changed(secret), Err(Invalid::Authentication));
}

#[test]
fn nobody_addressed_is_for_a_session_that_is_down() {
    let to_nobody = |state| ControlPacket {
        state,
        your_discriminator: 0,
        ..packet()
    };
    for state in [State::Down, State::AdminDown] {
        let packet = to_nobody(state);
        assert_eq!(ControlPacket::parse(&packet.emit()), Ok(packet));
    }
    for state in [State::Init, State::Up] {
        let bytes = to_nobody(state).emit();
        assert_eq!(
            ControlPacket::parse(&bytes),
            Err(Invalid::YourDiscriminator)
        );
    }
}

fn ends(is_v6: bool) -> (IpAddr, IpAddr) {
    let pair = match is_v6 {
        false => ["10.1.0.2", "10.1.0.1"],
        true => ["2001:db8::2", "2001:db8::1"],
    };
    let [source, destination] = pair.map(|text| text.parse().unwrap());
    (source, destination)
}

fn frame(is_v6: bool, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = ends(is_v6);
    let frame = MicroFrame {
        source,
        destination,
        source_port: 49_152,
        hops: HOPS,
        payload,
    };
    frame.emit(MEMBER).expect("one family").to_vec()
}

#[test]
fn the_standards_numbers_are_these() {
    assert_eq!((SINGLE_HOP_PORT, MICRO_PORT, HOPS), (3784, 6784, 255));
    assert_eq!(SOURCE_PORTS, 49_152..=65_535);
    assert_eq!(MICRO_GROUP.to_string(), "01:00:5e:90:00:01");
}

#[test]
fn a_second_decoder_reads_the_frame_of_either_family() {
    let payload = packet().emit();
    for is_v6 in [false, true] {
        let bytes = frame(is_v6, &payload);
        let sliced = SlicedPacket::from_ethernet(&bytes).expect("a frame");
        let (source, destination) = ends(is_v6);
        match sliced.net.expect("IP") {
            NetSlice::Ipv4(ip) => {
                let header = ip.header();
                assert_eq!((header.ttl(), header.dcp().value()), (255, 48));
                assert_eq!(
                    header.to_header().calc_header_checksum(),
                    header.header_checksum()
                );
                assert_eq!(IpAddr::from(header.source_addr()), source);
                assert_eq!(IpAddr::from(header.destination_addr()), destination);
            }
            NetSlice::Ipv6(ip) => {
                let header = ip.header();
                assert_eq!((header.hop_limit(), header.traffic_class()), (255, 0xc0));
                assert_eq!(IpAddr::from(header.source_addr()), source);
                assert_eq!(IpAddr::from(header.destination_addr()), destination);
            }
            NetSlice::Arp(_) => panic!("not ARP"),
        }
        let Some(TransportSlice::Udp(udp)) = sliced.transport else {
            panic!("UDP");
        };
        assert_eq!((udp.source_port(), udp.destination_port()), (49_152, 6784));
        assert_eq!(udp.payload(), payload);
        assert_eq!(bytes[..6], MICRO_GROUP.0);
        assert_eq!(bytes[6..12], MEMBER.0);
        assert_eq!(
            MicroFrame::parse(&bytes).map(|f| f.payload),
            Ok(&payload[..])
        );
    }
}

#[test]
fn a_frame_is_of_one_family_and_carries_no_more_than_a_packet() {
    let ((v4, _), (v6, _)) = (ends(false), ends(true));
    let mixed = |source, destination, payload| MicroFrame {
        source,
        destination,
        source_port: 49_152,
        hops: HOPS,
        payload,
    };
    assert_eq!(mixed(v4, v6, &[0; LEN]).emit(MEMBER), None);
    assert_eq!(mixed(v6, v4, &[0; LEN]).emit(MEMBER), None);
    assert_eq!(mixed(v4, v4, &[0; LEN + 1]).emit(MEMBER), None);
}

#[test]
fn a_priority_tag_is_read_and_another_vlan_is_not_ours() {
    let payload = packet().emit();
    let mut bytes = frame(false, &payload);
    bytes.splice(12..12, [0x81, 0x00, 0xe0, 0x00]);
    assert_eq!(
        MicroFrame::parse(&bytes).map(|f| f.payload),
        Ok(&payload[..])
    );
    bytes[15] = 1;
    assert_eq!(MicroFrame::parse(&bytes), Err(FrameInvalid::Other));
}

#[test]
fn what_is_not_micro_bfd_or_breaks_a_rule_of_its_headers_is_refused() {
    let payload = packet().emit();
    for is_v6 in [false, true] {
        let udp = if is_v6 { 54 } else { 34 };
        let bytes = frame(is_v6, &payload);
        let with = |at: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            MicroFrame::parse(&bytes).map(|_| ())
        };
        assert_eq!(with(udp + 3, 0), Err(FrameInvalid::Other));
        assert_eq!(with(udp + 10, 0xff), Err(FrameInvalid::Checksum));
        assert!(with(udp + 5, 7).is_err(), "shorter than its own header");
        let cut = MicroFrame::parse(&bytes[..udp + 4]);
        assert_eq!(cut, Err(FrameInvalid::Malformed));
    }
}

#[test]
fn the_hops_of_a_frame_from_afar_are_told() {
    for is_v6 in [false, true] {
        let (source, destination) = ends(is_v6);
        let frame = MicroFrame {
            source,
            destination,
            source_port: 65_535,
            hops: 254,
            payload: &packet().emit(),
        };
        let bytes = frame.emit(MEMBER).expect("one family");
        assert_eq!(MicroFrame::parse(&bytes), Ok(frame));
    }
}

fn any_state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![State::AdminDown, State::Down, State::Init, State::Up])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_is_written_is_read(
        state in any_state(),
        bits: [bool; 4],
        diagnostic in 0_u8..32,
        detect_mult in 1_u8..,
        discriminators in (1_u32.., 1_u32..),
        intervals: [u32; 3],
    ) {
        let packet = ControlPacket {
            diagnostic: Diagnostic::new(diagnostic),
            state,
            poll: bits[0],
            is_final: bits[1],
            control_plane_independent: bits[2],
            demand: bits[3],
            detect_mult,
            my_discriminator: discriminators.0,
            your_discriminator: discriminators.1,
            desired_min_tx: intervals[0],
            required_min_rx: intervals[1],
            required_min_echo_rx: intervals[2],
        };
        prop_assert_eq!(ControlPacket::parse(&packet.emit()), Ok(packet));
    }

    #[test]
    fn any_bytes_are_a_control_packet_or_refused(
        mut bytes in prop::collection::vec(any::<u8>(), 0..64),
        near: bool,
    ) {
        if near && bytes.len() > 3 {
            bytes[0] = 0x20 | bytes[0] & 0x1f;
            bytes[1] &= 0xfa;
            bytes[3] = 24;
        }
        if let Ok(packet) = ControlPacket::parse(&bytes) {
            prop_assert_eq!(ControlPacket::parse(&packet.emit()), Ok(packet));
        }
    }

    #[test]
    fn any_bytes_are_a_frame_of_micro_bfd_or_refused(
        at in 0_usize..86,
        value: u8,
        is_v6: bool,
        len in 0_usize..90,
    ) {
        let mut bytes = frame(is_v6, &packet().emit());
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        bytes.truncate(len);
        if let Ok(frame) = MicroFrame::parse(&bytes) {
            prop_assert!(frame.payload.len() <= LEN);
        }
    }
}
