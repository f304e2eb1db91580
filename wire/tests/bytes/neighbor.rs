//! Neighbor Discovery.

use std::net::Ipv6Addr;

use wire::icmpv6::{NeighborAdvertisement, NeighborSolicitation, multicast_mac, solicited_node};
use wire::{Mac, ParseError};

use crate::support::{CLIENT_V6, SOURCE, hex};

const TARGET: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100);
const VIRTUAL_MAC: Mac = Mac([0, 0, 0x5e, 0, 2, 10]);

/// scapy 2.5.0: `IPv6(src="2001:db8::1", dst="ff02::1:ff00:100", hlim=255) /
/// ICMPv6ND_NS(tgt="2001:db8::100") / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")`, the
/// message alone.
const SOLICITATION: &str = "87001a2b 00000000 20010db8000000000000000000000100 0101 020000000001";

/// scapy 2.5.0: `IPv6(src="::", dst="ff02::1:ff00:100", hlim=255) /
/// ICMPv6ND_NS(tgt="2001:db8::100")`, the message alone.
const DUPLICATE_DETECTION: &str = "87004aef 00000000 20010db8000000000000000000000100";

/// scapy 2.5.0: `IPv6(src="2001:db8::100", dst="2001:db8::1", hlim=255) / ICMPv6ND_NA(R=0, S=1,
/// O=1, tgt="2001:db8::100") / ICMPv6NDOptDstLLAddr(lladdr="00:00:5e:00:02:0a")`, the message
/// alone.
const ADVERTISEMENT: &str = "88002a6d 60000000 20010db8000000000000000000000100 0201 00005e00020a";

fn advertisement() -> NeighborAdvertisement {
    NeighborAdvertisement {
        router: false,
        solicited: true,
        overriding: true,
        target: TARGET,
        target_mac: Some(VIRTUAL_MAC),
    }
}

#[test]
fn a_known_solicitation_is_read_and_written() {
    let message = NeighborSolicitation {
        target: TARGET,
        source_mac: Some(SOURCE),
    };
    assert_eq!(NeighborSolicitation::parse(&hex(SOLICITATION)), Ok(message));
    assert_eq!(
        message.emit(CLIENT_V6, solicited_node(TARGET)).as_slice(),
        hex(SOLICITATION)
    );
}

#[test]
fn a_solicitation_without_option_is_read_and_written() {
    let message = NeighborSolicitation {
        target: TARGET,
        source_mac: None,
    };
    assert_eq!(
        NeighborSolicitation::parse(&hex(DUPLICATE_DETECTION)),
        Ok(message)
    );
    let bytes = message.emit(Ipv6Addr::UNSPECIFIED, solicited_node(TARGET));
    assert_eq!(bytes.as_slice(), hex(DUPLICATE_DETECTION));
}

#[test]
fn a_known_advertisement_is_read_and_written() {
    assert_eq!(
        NeighborAdvertisement::parse(&hex(ADVERTISEMENT)),
        Ok(advertisement())
    );
    assert_eq!(
        advertisement().emit(TARGET, CLIENT_V6).as_slice(),
        hex(ADVERTISEMENT)
    );
}

#[test]
fn each_flag_of_an_advertisement_is_its_own_bit() {
    let flags = |router, solicited, overriding| {
        let message = NeighborAdvertisement {
            router,
            solicited,
            overriding,
            ..advertisement()
        };
        let bytes = message.emit(TARGET, CLIENT_V6);
        assert_eq!(NeighborAdvertisement::parse(&bytes), Ok(message));
        bytes[4]
    };
    assert_eq!(flags(true, false, false), 0x80);
    assert_eq!(flags(false, true, false), 0x40);
    assert_eq!(flags(false, false, true), 0x20);
    assert_eq!(flags(false, false, false), 0);
}

#[test]
fn unknown_options_are_passed_over() {
    // A nonce (14), a target address, which means nothing here, then the source address.
    let head = &hex(SOLICITATION)[..24];
    let options = hex("0e01 010203040506 0201 0a0a0a0a0a0a 0101 020000000001");
    let read = NeighborSolicitation::parse(&[head, &options].concat()).unwrap();
    assert_eq!(read.source_mac, Some(SOURCE));
}

#[test]
fn an_address_of_another_length_is_no_ethernet_address() {
    let head = &hex(SOLICITATION)[..24];
    let long = hex("0102 0102030405060708090a0b0c0d0e");
    let read = NeighborSolicitation::parse(&[head, &long].concat()).unwrap();
    assert_eq!(read.source_mac, None);
}

#[test]
fn options_that_break_the_rules_are_refused() {
    let head = &hex(SOLICITATION)[..24];
    for options in [
        "0100 020000000001",
        "0e00",
        "0102 020000000001",
        "0101 0200000000",
        "01",
    ] {
        let message = [head, &hex(options)].concat();
        assert_eq!(
            NeighborSolicitation::parse(&message),
            Err(ParseError::Neighbor),
            "{options}"
        );
    }
}

#[test]
fn a_long_option_that_fits_is_passed_over() {
    // 40 units of 8 bytes: more than a byte can count.
    let mut message = hex(DUPLICATE_DETECTION);
    message.extend([&[99, 40][..], &[0; 318]].concat());
    assert!(NeighborSolicitation::parse(&message).is_ok());
    message.pop();
    assert_eq!(
        NeighborSolicitation::parse(&message),
        Err(ParseError::Neighbor)
    );
}

#[test]
fn another_type_or_code_or_a_multicast_target_is_refused() {
    for (offset, value) in [(0, 136), (1, 1), (8, 0xff)] {
        let mut message = hex(SOLICITATION);
        message[offset] = value;
        let refused = Err(ParseError::Neighbor);
        assert_eq!(
            NeighborSolicitation::parse(&message),
            refused,
            "byte {offset}"
        );
    }
    assert_eq!(
        NeighborAdvertisement::parse(&hex(SOLICITATION)),
        Err(ParseError::Neighbor)
    );
}

#[test]
fn a_truncated_message_is_refused() {
    for length in [0, 7, 23] {
        let refused = Err(ParseError::Truncated);
        assert_eq!(
            NeighborSolicitation::parse(&hex(SOLICITATION)[..length]),
            refused
        );
    }
}

#[test]
fn group_addresses_are_the_standards() {
    let target = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0x12ab, 0xcdef);
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xffab, 0xcdef);
    assert_eq!(solicited_node(target), group);
    assert_eq!(
        multicast_mac(group),
        Mac([0x33, 0x33, 0xff, 0xab, 0xcd, 0xef])
    );
}
