//! The TCP header.

use etherparse::{PacketBuilder, TcpHeader, TcpOptionElement};
use wire::headers::{Headers, TcpFlags, Transport};
use wire::{ParseError, protocol};

use crate::support::{CLIENT_V4, CLIENT_V6, DESTINATION, SOURCE, VIP_V4, VIP_V6, v4, v6};

fn header() -> TcpHeader {
    let mut tcp = TcpHeader::new(1000, 80, 0x0102_0304, 4096);
    tcp.acknowledgment_number = 0xfffe_fdfc;
    (tcp.syn, tcp.ack, tcp.cwr) = (true, true, true);
    tcp.set_options(&[TcpOptionElement::MaximumSegmentSize(1460)])
        .unwrap();
    tcp
}

fn expected() -> Transport {
    Transport::Tcp {
        source: 1000,
        destination: 80,
        flags: TcpFlags::SYN.with(TcpFlags::ACK).with(TcpFlags::CWR),
        sequence: 0x0102_0304,
        acknowledgement: 0xfffe_fdfc,
        header_len: 24,
    }
}

fn over_v4() -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .ipv4(CLIENT_V4.octets(), VIP_V4.octets(), 64)
        .tcp_header(header())
        .write(&mut bytes, b"hello")
        .unwrap();
    bytes
}

#[test]
fn the_second_encoders_header_is_read_over_ipv4() {
    let ip = v4(&over_v4());
    assert_eq!((ip.transport, ip.protocol), (expected(), protocol::TCP));
    assert_eq!((ip.l4, ip.end), (34, 34 + 24 + 5));
}

#[test]
fn the_second_encoders_header_is_read_over_ipv6() {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .ipv6(CLIENT_V6.octets(), VIP_V6.octets(), 64)
        .tcp_header(header())
        .write(&mut bytes, b"hello")
        .unwrap();
    assert_eq!(v6(&bytes).transport, expected());
}

#[test]
fn each_flag_is_its_own_bit() {
    let all = [
        TcpFlags::FIN,
        TcpFlags::SYN,
        TcpFlags::RST,
        TcpFlags::PSH,
        TcpFlags::ACK,
        TcpFlags::URG,
        TcpFlags::ECE,
        TcpFlags::CWR,
    ];
    for (bit, flag) in all.into_iter().enumerate() {
        assert_eq!(flag.0, 1 << bit);
        assert!(TcpFlags(0xff).contains(flag));
        assert!(!TcpFlags(!flag.0).contains(flag));
    }
    assert!(!TcpFlags::SYN.contains(TcpFlags::SYN.with(TcpFlags::ACK)));
}

#[test]
fn an_impossible_data_offset_is_refused() {
    for offset in [0x40, 0x80] {
        let mut bytes = over_v4();
        bytes[34 + 12] = offset;
        assert_eq!(
            Headers::parse(&bytes),
            Err(ParseError::HeaderLength),
            "{offset:#x}"
        );
    }
}

#[test]
fn a_packet_that_ends_inside_the_header_is_refused() {
    let mut bytes = over_v4();
    bytes[17] = 20 + 19;
    assert_eq!(Headers::parse(&bytes), Err(ParseError::Truncated));
}
