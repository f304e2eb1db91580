//! ARP.

use std::net::Ipv4Addr;

use etherparse::{ArpEthIpv4Packet, ArpOperation, ArpPacket};
use wire::headers::{ArpInfo, Headers, Net};
use wire::{Mac, ParseError};

use crate::support::{SOURCE, frame, hex};

fn request() -> ArpInfo {
    ArpInfo {
        operation: ArpInfo::REQUEST,
        sender_mac: SOURCE,
        sender_ip: Ipv4Addr::new(192, 0, 2, 1),
        target_mac: Mac::ZERO,
        target_ip: Ipv4Addr::new(192, 0, 2, 100),
    }
}

/// scapy 2.5.0: `ARP(op=1, hwsrc="02:00:00:00:00:01", psrc="192.0.2.1",
/// hwdst="00:00:00:00:00:00", pdst="192.0.2.100")`
const REQUEST: &str = "0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000264";

#[test]
fn a_request_is_read_and_written() {
    let bytes = frame(0x0806, &hex(REQUEST));
    assert_eq!(Headers::parse(&bytes).unwrap().net, Net::Arp(request()));
    assert_eq!(request().emit().as_slice(), hex(REQUEST));
}

#[test]
fn a_reply_is_what_the_second_encoder_writes() {
    let reply = ArpInfo {
        operation: ArpInfo::REPLY,
        target_mac: Mac::BROADCAST,
        ..request()
    };
    let second: ArpPacket = ArpEthIpv4Packet {
        operation: ArpOperation::REPLY,
        sender_mac: reply.sender_mac.0,
        sender_ipv4: reply.sender_ip.octets(),
        target_mac: reply.target_mac.0,
        target_ipv4: reply.target_ip.octets(),
    }
    .into();
    assert_eq!(reply.emit().as_slice(), second.to_bytes().as_slice());
    assert_eq!(
        Headers::parse(&frame(0x0806, &reply.emit())).unwrap().net,
        Net::Arp(reply)
    );
}

#[test]
fn padding_after_the_packet_is_no_matter() {
    let mut bytes = frame(0x0806, &hex(REQUEST));
    bytes.resize(60, 0xee);
    assert_eq!(Headers::parse(&bytes).unwrap().net, Net::Arp(request()));
}

#[test]
fn another_hardware_or_protocol_is_refused() {
    for (offset, value) in [(1, 6), (2, 0x86), (4, 8), (5, 16)] {
        let mut packet = hex(REQUEST);
        packet[offset] = value;
        let bytes = frame(0x0806, &packet);
        assert_eq!(
            Headers::parse(&bytes),
            Err(ParseError::Arp),
            "byte {offset}"
        );
    }
}

#[test]
fn a_truncated_packet_is_refused() {
    let bytes = frame(0x0806, &hex(REQUEST));
    assert_eq!(
        Headers::parse(&bytes[..bytes.len() - 1]),
        Err(ParseError::Truncated)
    );
}
