//! The IPv6 header and its extension headers.

use wire::headers::{EXTENSION_HEADERS_MAX, Fragment, Headers, Transport};
use wire::{ParseError, protocol};

use crate::support::{CLIENT_V6, VIP_V6, frame, hex, v6};

const ADDRESSES: &str = "20010db8000000000000000000000001 20010db8000000000000000000000002";
const UDP: &str = "0035 14e9 000b cae2 616263";
const PORTS: Transport = Transport::Udp {
    source: 53,
    destination: 5353,
    checksum: 0xcae2,
};

/// A frame with a payload whose first header is of this kind.
fn packet(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [
        0x6b,
        0x8f,
        0xed,
        0xcb,
        length[0],
        length[1],
        next_header,
        33,
    ];
    frame(0x86dd, &[&head[..], &hex(ADDRESSES), payload].concat())
}

#[test]
fn a_known_header_is_read() {
    let ip = v6(&packet(protocol::UDP, &hex(UDP)));
    assert_eq!((ip.source, ip.destination), (CLIENT_V6, VIP_V6));
    assert_eq!(
        (ip.protocol, ip.hop_limit, ip.traffic_class),
        (protocol::UDP, 33, 0xb8)
    );
    assert_eq!((ip.fragment, ip.l4, ip.end), (Fragment::Whole, 54, 65));
    assert_eq!(ip.transport, PORTS);
}

/// scapy 2.5.0: `Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") / IPv6(src="2001:db8::1",
/// dst="2001:db8::2") / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / UDP(sport=53, dport=5353) /
/// b"abc"`
#[test]
fn hop_by_hop_and_destination_options_are_walked() {
    let bytes = hex("020000000002020000000001 86dd 60000000001b0040
        20010db8000000000000000000000001 20010db8000000000000000000000002
        3c00010400000000 1100010400000000 003514e9000bcae2616263");
    let ip = v6(&bytes);
    assert_eq!((ip.protocol, ip.l4, ip.end), (protocol::UDP, 70, 81));
    assert_eq!(ip.transport, PORTS);
}

/// scapy 2.5.0: as above with `AH(spi=1, seq=2, icv=b"\0" * 12)` for the two options.
#[test]
fn an_authentication_header_is_walked_in_units_of_four() {
    let header = hex("1104 0000 00000001 00000002 000000000000000000000000");
    let ip = v6(&packet(
        protocol::AUTHENTICATION,
        &[header, hex(UDP)].concat(),
    ));
    assert_eq!(
        (ip.protocol, ip.l4, ip.transport),
        (protocol::UDP, 54 + 24, PORTS)
    );
}

#[test]
fn a_routing_header_is_walked() {
    let header = hex("1102 0401 00000000 20010db8000000000000000000000003");
    let ip = v6(&packet(protocol::ROUTING, &[header, hex(UDP)].concat()));
    assert_eq!((ip.l4, ip.transport), (54 + 24, PORTS));
}

#[test]
fn what_esp_hides_is_not_looked_into() {
    let ip = v6(&packet(50, &[0; 16]));
    assert_eq!(
        (ip.protocol, ip.l4, ip.transport),
        (50, 54, Transport::Other)
    );
}

#[test]
fn no_next_header_is_no_error() {
    assert_eq!(v6(&packet(59, &[])).transport, Transport::Other);
}

#[test]
fn icmp_of_the_other_version_is_not_looked_into() {
    assert_eq!(
        v6(&packet(protocol::ICMP, &[0; 8])).transport,
        Transport::Other
    );
}

/// scapy 2.5.0: `IPv6ExtHdrFragment(offset=0, m=1, id=7, nh=17)`, then `offset=2, m=0`.
#[test]
fn fragments_are_told_apart() {
    let first = [hex("11000001 00000007"), hex("0035 14e9 0064 1234")].concat();
    let ip = v6(&packet(protocol::FRAGMENT, &first));
    assert_eq!(
        (ip.fragment, ip.protocol, ip.l4),
        (Fragment::First, protocol::UDP, 62)
    );
    let ports = Transport::Udp {
        source: 53,
        destination: 5353,
        checksum: 0x1234,
    };
    assert_eq!(ip.transport, ports);

    let later = v6(&packet(
        protocol::FRAGMENT,
        &hex("11000010 00000007 6162636465666768"),
    ));
    assert_eq!(
        (later.fragment, later.transport),
        (Fragment::Later, Transport::None)
    );
    assert_eq!((later.protocol, later.l4), (protocol::UDP, 62));
}

#[test]
fn an_atomic_fragment_is_whole() {
    let ip = v6(&packet(
        protocol::FRAGMENT,
        &[hex("11000000 00000007"), hex(UDP)].concat(),
    ));
    assert_eq!((ip.fragment, ip.transport), (Fragment::Whole, PORTS));
}

#[test]
fn nothing_behind_a_later_fragments_header_is_walked() {
    let ip = v6(&packet(protocol::FRAGMENT, &hex("3c000011 00000007 ff")));
    assert_eq!(
        (ip.fragment, ip.protocol),
        (Fragment::Later, protocol::DESTINATION_OPTIONS)
    );
}

#[test]
fn two_fragment_headers_are_refused() {
    let twice = [hex("2c000001 00000007"), hex("11000000 00000007"), hex(UDP)].concat();
    let bytes = packet(protocol::FRAGMENT, &twice);
    assert_eq!(Headers::parse(&bytes), Err(ParseError::ExtensionHeaders));
}

#[test]
fn the_longest_chain_is_walked_and_one_header_more_is_refused() {
    let chain = |count: usize| {
        let mut payload = hex("3c00010400000000").repeat(count - 1);
        payload.extend(hex("1100010400000000"));
        payload.extend(hex(UDP));
        Headers::parse(&packet(protocol::DESTINATION_OPTIONS, &payload))
    };
    assert_eq!(
        chain(EXTENSION_HEADERS_MAX).unwrap().transport(),
        Some(PORTS)
    );
    assert_eq!(
        chain(EXTENSION_HEADERS_MAX + 1),
        Err(ParseError::ExtensionHeaders)
    );
}

#[test]
fn an_extension_header_longer_than_the_packet_is_refused() {
    let bytes = packet(protocol::DESTINATION_OPTIONS, &hex("1101010400000000"));
    assert_eq!(Headers::parse(&bytes), Err(ParseError::HeaderLength));
    let chain = packet(protocol::DESTINATION_OPTIONS, &hex("3c01010400000000"));
    assert_eq!(Headers::parse(&chain), Err(ParseError::Truncated));
}

#[test]
fn an_extension_header_in_the_padding_is_not_read() {
    let mut bytes = packet(protocol::DESTINATION_OPTIONS, &[]);
    bytes.extend(hex("1100010400000000"));
    bytes.extend(hex(UDP));
    assert_eq!(Headers::parse(&bytes), Err(ParseError::Truncated));
}

#[test]
fn another_version_is_refused() {
    let mut bytes = packet(protocol::UDP, &hex(UDP));
    bytes[14] = 0x4b;
    assert_eq!(Headers::parse(&bytes), Err(ParseError::Version));
}

#[test]
fn a_payload_length_beyond_the_frame_is_refused_and_padding_is_not() {
    let mut bytes = packet(protocol::UDP, &hex(UDP));
    bytes.push(0);
    assert_eq!(v6(&bytes).end, 65);
    bytes.truncate(64);
    assert_eq!(Headers::parse(&bytes), Err(ParseError::TotalLength));
}

#[test]
fn a_frame_that_ends_inside_the_header_is_refused() {
    let bytes = packet(protocol::UDP, &hex(UDP));
    assert_eq!(Headers::parse(&bytes[..53]), Err(ParseError::Truncated));
}
