//! ICMP and ICMPv6.

use etherparse::PacketBuilder;
use wire::headers::{Headers, Transport};
use wire::{ParseError, icmp, icmpv6};

use crate::support::{CLIENT_V4, CLIENT_V6, DESTINATION, SOURCE, VIP_V4, VIP_V6, v4, v6};

fn echo_v4() -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .ipv4(CLIENT_V4.octets(), VIP_V4.octets(), 64)
        .icmpv4_echo_request(1, 2)
        .write(&mut bytes, b"")
        .unwrap();
    bytes
}

fn echo_v6() -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .ipv6(CLIENT_V6.octets(), VIP_V6.octets(), 64)
        .icmpv6_echo_request(1, 2)
        .write(&mut bytes, b"")
        .unwrap();
    bytes
}

#[test]
fn the_second_encoders_echo_request_is_read_over_ipv4() {
    let expected = Transport::Icmp {
        kind: icmp::ECHO_REQUEST,
        code: 0,
    };
    assert_eq!(v4(&echo_v4()).transport, expected);
}

#[test]
fn the_second_encoders_echo_request_is_read_over_ipv6() {
    let expected = Transport::Icmp6 {
        kind: icmpv6::ECHO_REQUEST,
        code: 0,
    };
    assert_eq!(v6(&echo_v6()).transport, expected);
}

#[test]
fn type_and_code_are_kept_apart() {
    let mut bytes = echo_v4();
    (bytes[34], bytes[35]) = (3, 4);
    let expected = Transport::Icmp {
        kind: icmp::DESTINATION_UNREACHABLE,
        code: icmp::FRAGMENTATION_NEEDED,
    };
    assert_eq!(v4(&bytes).transport, expected);
}

#[test]
fn a_packet_that_ends_inside_the_header_is_refused() {
    let mut bytes = echo_v4();
    bytes[17] = 20 + 7;
    assert_eq!(Headers::parse(&bytes), Err(ParseError::Truncated));
    let mut bytes = echo_v6();
    bytes[19] = 7;
    assert_eq!(Headers::parse(&bytes), Err(ParseError::Truncated));
}
