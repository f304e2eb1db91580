//! No bytes panic any parser, and what a parser says of them holds.

use std::hint::black_box;

use proptest::prelude::*;
use wire::arp::ArpPacket;
use wire::checksum::{ipv4_header_valid, transport_valid};
use wire::ethernet::EthernetPacket;
use wire::headers::{Headers, Net, Transport};
use wire::icmp::IcmpPacket;
use wire::icmpv6::{Icmpv6Packet, NeighborAdvertisement, NeighborSolicitation};
use wire::ipv4::Ipv4Packet;
use wire::ipv6::Ipv6Packet;
use wire::lacp::Lacpdu;
use wire::marker::Marker;
use wire::tcp::TcpPacket;
use wire::udp::UdpPacket;
use wire::vlan::VlanPacket;
use wire::{Mac, Packet};

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..256)
}

/// Bytes that get further than random ones: right EtherTypes, versions and next headers.
fn nearly_a_frame() -> impl Strategy<Value = Vec<u8>> {
    let ethertype = prop_oneof![
        3 => Just(vec![0x08, 0x00]),
        3 => Just(vec![0x86, 0xdd]),
        1 => Just(vec![0x08, 0x06]),
        1 => Just(vec![0x81, 0x00, 0x00, 0x01, 0x08, 0x00]),
        1 => Just(vec![0x88, 0xa8, 0x00, 0x01, 0x81, 0x00, 0x00, 0x02, 0x86, 0xdd]),
    ];
    let next = prop::sample::select(vec![0_u8, 1, 6, 17, 43, 44, 50, 51, 58, 59, 60]);
    (ethertype, next, any_bytes(), any::<bool>()).prop_map(|(ethertype, next, mut rest, fit)| {
        let v6 = ethertype.ends_with(&[0xdd]);
        if rest.len() >= 40 {
            rest[0] = if v6 { 0x60 } else { 0x40 | (rest[0] & 0xf) };
            rest[if v6 { 6 } else { 9 }] = next;
            let length = if v6 { rest.len() - 40 } else { rest.len() };
            let at = if v6 { 4 } else { 2 };
            if fit {
                rest[at..at + 2].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
                // Extension headers that follow one another, each of at most 16 bytes.
                if v6 {
                    for offset in (40..rest.len().saturating_sub(2)).step_by(8) {
                        rest[offset] = [60, 17, 44, 6, 58][offset / 8 % 5];
                        rest[offset + 1] &= 1;
                    }
                }
            }
        }
        [vec![2; 12], ethertype, rest].concat()
    })
}

/// Offsets lie in the frame in their order, and a header that is named is wholly there.
fn check(bytes: &[u8]) {
    let Ok(headers) = Headers::parse(bytes) else {
        return;
    };
    let (l4, end, transport) = match headers.net {
        Net::V4(ip) => {
            black_box(ipv4_header_valid(&bytes[headers.l3..ip.l4]));
            (ip.l4, ip.end, ip.transport)
        }
        Net::V6(ip) => (ip.l4, ip.end, ip.transport),
        Net::Arp(arp) => {
            assert_eq!(arp.emit(), bytes[headers.l3..headers.l3 + 28]);
            return;
        }
        Net::Other => return,
    };
    assert!(headers.l3 < l4 && l4 <= end && end <= bytes.len());
    let needed = match transport {
        Transport::Tcp { header_len, .. } => header_len,
        Transport::Udp { .. } | Transport::Icmp { .. } | Transport::Icmp6 { .. } => 8,
        Transport::Other | Transport::None => 0,
    };
    assert!(l4 + needed <= end);
    black_box(transport_valid(bytes, &headers));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_bytes_are_headers_or_refused(bytes in any_bytes()) {
        check(&bytes);
    }

    #[test]
    fn near_frames_are_headers_or_refused(bytes in nearly_a_frame()) {
        check(&bytes);
    }

    #[test]
    fn what_was_parsed_is_not_changed_by_padding(bytes in nearly_a_frame(), padding in any_bytes()) {
        if let Ok(headers) = Headers::parse(&bytes) {
            prop_assert_eq!(Headers::parse(&[bytes, padding].concat()), Ok(headers));
        }
    }

    #[test]
    fn a_head_with_all_headers_says_what_the_whole_frame_says(bytes in nearly_a_frame(), cut: prop::sample::Index) {
        let head = &bytes[..cut.index(bytes.len() + 1)];
        let of_head = Headers::parse_head(head, bytes.len());
        match Headers::parse(&bytes) {
            Ok(whole) => prop_assert!(of_head.is_err() || of_head == Ok(whole)),
            Err(_) => prop_assert!(of_head.is_err()),
        }
        if let Ok(headers) = of_head && let Some(Transport::Tcp { header_len, .. }) = headers.transport() {
            let (Net::V4(wire::headers::V4 { l4, .. }) | Net::V6(wire::headers::V6 { l4, .. })) = headers.net else {
                panic!("TCP over neither");
            };
            prop_assert!(l4 + header_len <= head.len());
        }
    }

    #[test]
    fn any_bytes_are_a_lacpdu_or_refused(mut bytes in any_bytes(), near: bool) {
        if near && bytes.len() > 44 {
            bytes[..4].copy_from_slice(&[1, 1, 1, 20]);
            bytes[22..24].copy_from_slice(&[2, 20]);
            bytes[42..44].copy_from_slice(&[3, 16]);
        }
        if let Ok(pdu) = Lacpdu::parse(&bytes) {
            prop_assert_eq!(Lacpdu::parse(&pdu.emit()), Ok(pdu));
            prop_assert_eq!(&pdu.emit_frame(Mac::ZERO)[14..], &pdu.emit());
        }
    }

    #[test]
    fn any_bytes_are_a_marker_or_refused(mut bytes in any_bytes(), near: bool) {
        if near && bytes.len() > 4 {
            bytes[..4].copy_from_slice(&[2, 1, 1, 16]);
        }
        if let Ok(marker) = Marker::parse(&bytes) {
            prop_assert_eq!(Marker::parse(&marker.emit()), Ok(marker));
        }
    }

    #[test]
    fn any_bytes_are_a_neighbor_message_or_refused(mut bytes in any_bytes(), near: bool, kind in 135_u8..137) {
        if near && bytes.len() > 10 {
            bytes[..2].copy_from_slice(&[kind, 0]);
            bytes[8] = 0x20;
        }
        let (from, to) = ([1; 16].into(), [2; 16].into());
        if let Ok(message) = NeighborSolicitation::parse(&bytes) {
            prop_assert_eq!(NeighborSolicitation::parse(&message.emit(from, to)), Ok(message));
        }
        if let Ok(message) = NeighborAdvertisement::parse(&bytes) {
            prop_assert_eq!(NeighborAdvertisement::parse(&message.emit(from, to)), Ok(message));
        }
    }

    #[test]
    fn any_bytes_are_a_view_or_none(bytes in any_bytes()) {
        let _ = EthernetPacket::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
        let _ = VlanPacket::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
        let _ = ArpPacket::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
        let _ = Ipv4Packet::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
        let _ = Ipv6Packet::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
        let _ = IcmpPacket::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
        let _ = Icmpv6Packet::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
        let _ = TcpPacket::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
        let _ = UdpPacket::new(&bytes).map(|view| format!("{view:?} {:?}", view.payload()));
    }
}
