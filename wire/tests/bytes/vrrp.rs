//! VRRP version 3 adverts.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use wire::vrrp::{
    Addresses, Advertisement, Form, GROUP_V4, GROUP_V4_MAC, GROUP_V6, GROUP_V6_MAC, Invalid,
    MESSAGE_MAX,
};

use crate::support::hex;

/// keepalived 2.2.7, VRID 51, priority 200, every 100 ms: from 10.80.2.2, pseudo-header.
const KEEPALIVED_V4: &str = "3133c802 000a01d6 0a500201 0a500164";
/// The same with the checksum of the message alone, as RFC 9568 has it, summed by hand.
const MESSAGE_ONLY_V4: &str = "3133c802 000aeeba 0a500201 0a500164";
/// keepalived 2.2.7: from fe80::ff:fe00:1.
const KEEPALIVED_V6: &str = "3133c802 000adb83
    fe80 0000 0000 0000 0000 0000 0051 0001  2001 0db8 0080 0001 0000 0000 0000 0100";

const SOURCE_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 80, 2, 2));
const SOURCE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 1));
const V4: [[u8; 4]; 2] = [[10, 80, 2, 1], [10, 80, 1, 100]];

fn v6() -> [[u8; 16]; 2] {
    ["fe80::51:1", "2001:db8:80:1::100"].map(|text| text.parse::<Ipv6Addr>().unwrap().octets())
}

fn advertisement(addresses: Addresses<'_>) -> Advertisement<'_> {
    Advertisement {
        vrid: 51,
        priority: 200,
        max_adver_int: 10,
        addresses,
    }
}

fn parse_v4(message: &[u8]) -> Result<(Advertisement<'_>, Form), Invalid> {
    Advertisement::parse(message, SOURCE_V4, GROUP_V4.into())
}

fn parse_v6(message: &[u8]) -> Result<(Advertisement<'_>, Form), Invalid> {
    Advertisement::parse(message, SOURCE_V6, GROUP_V6.into())
}

/// The message with its checksum put right, in the pseudo-header form.
fn summed(mut message: Vec<u8>) -> Vec<u8> {
    message[6..8].fill(0);
    let sum = match SOURCE_V4 {
        IpAddr::V4(source) => wire::checksum::transport_v4(source, GROUP_V4, 112, &message),
        IpAddr::V6(_) => unreachable!(),
    };
    message[6..8].copy_from_slice(&sum.to_be_bytes());
    message
}

fn summed_v6(mut message: Vec<u8>) -> Vec<u8> {
    message[6..8].fill(0);
    let sum = match SOURCE_V6 {
        IpAddr::V6(source) => wire::checksum::transport_v6(source, GROUP_V6, 112, &message),
        IpAddr::V4(_) => unreachable!(),
    };
    message[6..8].copy_from_slice(&sum.to_be_bytes());
    message
}

#[test]
fn keepaliveds_ipv4_advert_is_read_and_written() {
    let bytes = hex(KEEPALIVED_V4);
    let ours = advertisement(Addresses::V4(&V4));
    assert_eq!(parse_v4(&bytes), Ok((ours, Form::PseudoHeader)));
    let emitted = ours.emit(SOURCE_V4, GROUP_V4.into(), Form::PseudoHeader);
    assert_eq!(emitted[..], bytes[..]);
}

#[test]
fn the_checksum_of_the_message_alone_is_read_and_written_over_ipv4() {
    let bytes = hex(MESSAGE_ONLY_V4);
    let ours = advertisement(Addresses::V4(&V4));
    assert_eq!(parse_v4(&bytes), Ok((ours, Form::MessageOnly)));
    let emitted = ours.emit(SOURCE_V4, GROUP_V4.into(), Form::MessageOnly);
    assert_eq!(emitted[..], bytes[..]);
}

#[test]
fn keepaliveds_ipv6_advert_is_read_and_written() {
    let (bytes, addresses) = (hex(KEEPALIVED_V6), v6());
    let ours = advertisement(Addresses::V6(&addresses));
    assert_eq!(parse_v6(&bytes), Ok((ours, Form::PseudoHeader)));
    let emitted = ours.emit(SOURCE_V6, GROUP_V6.into(), Form::PseudoHeader);
    assert_eq!(emitted[..], bytes[..]);
    let texts: Vec<String> = ours.addresses.iter().map(|ip| ip.to_string()).collect();
    assert_eq!(texts, ["fe80::51:1", "2001:db8:80:1::100"]);
}

#[test]
fn the_groups_ethernet_addresses_are_those_of_the_groups() {
    assert_eq!(GROUP_V4_MAC.to_string(), "01:00:5e:00:00:12");
    assert_eq!(GROUP_V6_MAC.to_string(), "33:33:00:00:00:12");
}

#[test]
fn a_checksum_that_is_wrong_in_both_forms_is_refused() {
    for text in [KEEPALIVED_V4, MESSAGE_ONLY_V4] {
        let mut bytes = hex(text);
        bytes[7] ^= 1;
        assert_eq!(parse_v4(&bytes), Err(Invalid::Checksum));
    }
    let mut bytes = hex(KEEPALIVED_V6);
    bytes[7] ^= 1;
    assert_eq!(parse_v6(&bytes), Err(Invalid::Checksum));
}

#[test]
fn over_ipv6_the_message_alone_is_no_checksum() {
    let mut bytes = hex(KEEPALIVED_V6);
    bytes[6..8].fill(0);
    let sum = wire::checksum::ones_complement(&bytes);
    bytes[6..8].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(parse_v6(&bytes), Err(Invalid::Checksum));
}

#[test]
fn a_length_that_is_not_the_counts_is_refused_before_the_checksum() {
    let whole = hex(KEEPALIVED_V4);
    for len in 0..whole.len() {
        assert_eq!(parse_v4(&whole[..len]), Err(Invalid::Length), "{len}");
    }
    // Version 2's trailer of authentication data does not belong to version 3.
    let longer = [&whole[..], &[0; 8]].concat();
    assert_eq!(parse_v4(&longer), Err(Invalid::Length));
    let of_the_other_family = hex(KEEPALIVED_V6);
    assert_eq!(parse_v4(&of_the_other_family), Err(Invalid::Length));
}

#[test]
fn other_versions_and_types_are_refused_each_by_its_reason() {
    let with_first = |first: u8| {
        let mut bytes = hex(KEEPALIVED_V4);
        bytes[0] = first;
        summed(bytes)
    };
    assert_eq!(parse_v4(&with_first(0x21)), Err(Invalid::Version2));
    for version in [0x01, 0x11, 0x41, 0xf1] {
        assert_eq!(parse_v4(&with_first(version)), Err(Invalid::Version));
    }
    for kind in [0x30, 0x32, 0x3f] {
        assert_eq!(parse_v4(&with_first(kind)), Err(Invalid::Type));
    }
    assert!(parse_v4(&with_first(0x31)).is_ok());
}

#[test]
fn a_carp_advert_is_told_from_version_2_and_never_read_as_a_farewell() {
    // CARP: vhid 1, advskew 0 where VRRP has the priority, authlen 7, advbase 1; 36 bytes.
    let mut carp = hex("21010007 0001");
    carp.resize(36, 0xa5);
    assert_eq!(parse_v4(&carp), Err(Invalid::Carp));
    // A version 2 advert of one address with its authentication data is 20 bytes long.
    carp.truncate(20);
    assert_eq!(parse_v4(&carp), Err(Invalid::Version2));
}

#[test]
fn no_address_no_interval_and_no_vrid_are_refused() {
    let changed = |at: usize, value: u8| {
        let mut bytes = hex(KEEPALIVED_V4);
        bytes[at] = value;
        summed(bytes)
    };
    assert_eq!(parse_v4(&changed(3, 0)), Err(Invalid::Count));
    assert_eq!(parse_v4(&changed(5, 0)), Err(Invalid::Interval));
    assert_eq!(parse_v4(&changed(1, 0)), Err(Invalid::Vrid));
    assert!(parse_v4(&changed(5, 1)).is_ok());
    assert!(parse_v4(&changed(1, 255)).is_ok());
}

#[test]
fn reserved_bits_beside_the_interval_are_not_looked_at() {
    let mut bytes = hex(KEEPALIVED_V4);
    bytes[4] = 0xf0;
    let bytes = summed(bytes);
    assert_eq!(parse_v4(&bytes).unwrap().0.max_adver_int, 10);
    // Alone they make no interval.
    let mut bytes = bytes;
    bytes[5] = 0;
    let bytes = summed(bytes);
    assert_eq!(parse_v4(&bytes), Err(Invalid::Interval));
}

#[test]
fn a_first_ipv6_address_that_is_not_link_local_is_refused() {
    let addresses = v6();
    let bytes = hex(KEEPALIVED_V6);
    let swapped = [&bytes[..8], &addresses[1], &addresses[0]].concat();
    assert_eq!(parse_v6(&summed_v6(swapped)), Err(Invalid::LinkLocal));
    assert!(parse_v6(&summed_v6(bytes)).is_ok());
}

#[test]
fn an_advert_of_255_ipv6_addresses_is_read() {
    let addresses = [v6()[0]; 255];
    let long = advertisement(Addresses::V6(&addresses));
    let bytes = long.emit(SOURCE_V6, GROUP_V6.into(), Form::PseudoHeader);
    assert_eq!(bytes.len(), MESSAGE_MAX);
    assert_eq!(parse_v6(&bytes), Ok((long, Form::PseudoHeader)));
}

#[test]
fn source_and_destination_of_two_families_have_no_right_checksum() {
    let bytes = hex(MESSAGE_ONLY_V4);
    let refused = Advertisement::parse(&bytes, SOURCE_V4, GROUP_V6.into());
    assert_eq!(refused, Err(Invalid::Checksum));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        vrid in 1_u8..,
        priority: u8,
        max_adver_int in 1_u16..4096,
        addresses in proptest::collection::vec(any::<[u8; 4]>(), 1..=255),
        message_only: bool,
    ) {
        let form = if message_only { Form::MessageOnly } else { Form::PseudoHeader };
        let addresses = Addresses::V4(&addresses);
        let ours = Advertisement { vrid, priority, max_adver_int, addresses };
        let bytes = ours.emit(SOURCE_V4, GROUP_V4.into(), form);
        let (read, _) = parse_v4(&bytes).unwrap();
        prop_assert_eq!(read, ours);
    }

    #[test]
    fn no_message_panics_the_parser(
        head in prop_oneof![Just(0x31_u8), Just(0x21), any::<u8>()],
        rest in proptest::collection::vec(any::<u8>(), 0..5000),
        fix: bool,
    ) {
        let mut message = [vec![head], rest].concat();
        if fix && message.len() >= 8 {
            message[3] = u8::try_from((message.len() - 8) / 4 % 256).unwrap();
            message = summed(message);
        }
        black_box(parse_v4(&message).is_ok());
        black_box(parse_v6(&message).is_ok());
    }
}
