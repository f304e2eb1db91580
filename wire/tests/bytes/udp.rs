//! The UDP header.

use etherparse::PacketBuilder;
use wire::ParseError;
use wire::headers::{Headers, Transport};

use crate::support::{CLIENT_V4, CLIENT_V6, DESTINATION, SOURCE, VIP_V4, VIP_V6, hex, v4, v6};

fn over_v4() -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .ipv4(CLIENT_V4.octets(), VIP_V4.octets(), 64)
        .udp(53, 5353)
        .write(&mut bytes, b"abc")
        .unwrap();
    bytes
}

#[test]
fn the_second_encoders_header_is_read_over_ipv4() {
    let bytes = over_v4();
    let checksum = u16::from_be_bytes([bytes[40], bytes[41]]);
    let expected = Transport::Udp {
        source: 53,
        destination: 5353,
        checksum,
    };
    assert_eq!(v4(&bytes).transport, expected);
}

#[test]
fn the_second_encoders_header_is_read_over_ipv6() {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .ipv6(CLIENT_V6.octets(), VIP_V6.octets(), 64)
        .udp(53, 5353)
        .write(&mut bytes, b"abc")
        .unwrap();
    assert_eq!(bytes[54..], hex("0035 14e9 000b cae2 616263"));
    let expected = Transport::Udp {
        source: 53,
        destination: 5353,
        checksum: 0xcae2,
    };
    assert_eq!(v6(&bytes).transport, expected);
}

#[test]
fn a_length_that_does_not_fit_the_packet_is_refused() {
    for length in [0, 7, 12] {
        let mut bytes = over_v4();
        bytes[39] = length;
        assert_eq!(
            Headers::parse(&bytes),
            Err(ParseError::TotalLength),
            "{length}"
        );
    }
}

#[test]
fn a_length_shorter_than_the_packet_is_taken() {
    let mut bytes = over_v4();
    bytes[39] = 8;
    assert!(Headers::parse(&bytes).is_ok());
}

#[test]
fn a_packet_that_ends_inside_the_header_is_refused() {
    let mut bytes = over_v4();
    bytes[17] = 20 + 7;
    assert_eq!(Headers::parse(&bytes), Err(ParseError::Truncated));
}
