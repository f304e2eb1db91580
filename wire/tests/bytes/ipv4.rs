//! The IPv4 header.

use etherparse::{IpFragOffset, Ipv4Header, Ipv4Options};
use wire::ParseError;
use wire::checksum::ipv4_header_valid;
use wire::headers::{Fragment, Headers, Transport};

use crate::support::{CLIENT_V4, VIP_V4, frame, hex, v4};

/// scapy 2.5.0: `IP(src="192.0.2.1", dst="198.51.100.7", flags="DF", id=0, tos=0xb8, ttl=9,
/// proto=253) / b"data"`
const HEADER: &str = "45b800180000400009fd83f5 c0000201 c6336407";

fn packet() -> Vec<u8> {
    frame(0x0800, &[hex(HEADER), b"data".to_vec()].concat())
}

fn error_with(change: impl FnOnce(&mut [u8])) -> ParseError {
    let mut bytes = packet();
    change(&mut bytes);
    Headers::parse(&bytes).unwrap_err()
}

#[test]
fn a_known_header_is_read() {
    let ip = v4(&packet());
    assert_eq!((ip.source, ip.destination), (CLIENT_V4, VIP_V4));
    assert_eq!((ip.protocol, ip.ttl, ip.tos), (253, 9, 0xb8));
    assert_eq!((ip.fragment, ip.dont_fragment), (Fragment::Whole, true));
    assert_eq!((ip.l4, ip.end), (34, 38));
    assert_eq!(ip.transport, Transport::Other);
}

#[test]
fn a_right_header_checksum_is_told_from_a_wrong_one() {
    assert!(ipv4_header_valid(&hex(HEADER)));
    for byte in 0..20 {
        let mut header = hex(HEADER);
        header[byte] ^= 0x10;
        assert!(!ipv4_header_valid(&header), "byte {byte}");
    }
}

#[test]
fn options_move_the_transport_header() {
    let mut second =
        Ipv4Header::new(8, 64, 17.into(), CLIENT_V4.octets(), VIP_V4.octets()).unwrap();
    second.options = Ipv4Options::try_from(&[7, 7, 4, 0, 0, 0, 0, 0][..]).unwrap();
    second.set_payload_len(8).unwrap();
    second.header_checksum = second.calc_header_checksum();
    let bytes = [second.to_bytes().as_slice(), &hex("0035 14e9 0008 0000")].concat();
    assert!(ipv4_header_valid(&bytes[..28]));
    let ip = v4(&frame(0x0800, &bytes));
    assert_eq!((ip.l4, ip.end), (14 + 28, 14 + 36));
    assert_eq!(
        ip.transport,
        Transport::Udp {
            source: 53,
            destination: 5353,
            checksum: 0
        }
    );
}

#[test]
fn padding_lies_behind_the_end() {
    let mut bytes = packet();
    bytes.resize(60, 0);
    assert_eq!(v4(&bytes).end, 38);
}

#[test]
fn fragments_are_told_apart() {
    let with = |offset: u16, more: bool| {
        let mut second = Ipv4Header::new(8, 64, 17.into(), [1; 4], [2; 4]).unwrap();
        second.dont_fragment = false;
        second.more_fragments = more;
        second.fragment_offset = IpFragOffset::try_new(offset).unwrap();
        let udp = hex("0035 14e9 0400 1234");
        let ip = v4(&frame(
            0x0800,
            &[second.to_bytes().as_slice(), &udp].concat(),
        ));
        assert!(!ip.dont_fragment);
        (ip.fragment, ip.transport)
    };
    let ports = Transport::Udp {
        source: 53,
        destination: 5353,
        checksum: 0x1234,
    };
    assert_eq!(with(0, true), (Fragment::First, ports));
    assert_eq!(with(1, true), (Fragment::Later, Transport::None));
    assert_eq!(with(0x1fff, false), (Fragment::Later, Transport::None));
}

#[test]
fn another_version_is_refused() {
    assert_eq!(error_with(|bytes| bytes[14] = 0x65), ParseError::Version);
}

#[test]
fn a_header_shorter_than_twenty_bytes_is_refused() {
    assert_eq!(
        error_with(|bytes| bytes[14] = 0x44),
        ParseError::HeaderLength
    );
}

#[test]
fn a_header_longer_than_the_packet_is_refused() {
    assert_eq!(
        error_with(|bytes| bytes[14] = 0x47),
        ParseError::TotalLength
    );
}

#[test]
fn a_total_length_beyond_the_frame_is_refused_and_one_at_its_end_is_not() {
    assert_eq!(error_with(|bytes| bytes[17] = 25), ParseError::TotalLength);
    assert_eq!(v4(&packet()).end, packet().len());
}

#[test]
fn a_total_length_shorter_than_the_header_is_refused() {
    assert_eq!(error_with(|bytes| bytes[17] = 19), ParseError::TotalLength);
}

#[test]
fn a_frame_that_ends_inside_the_header_is_refused() {
    assert_eq!(Headers::parse(&packet()[..33]), Err(ParseError::Truncated));
}
