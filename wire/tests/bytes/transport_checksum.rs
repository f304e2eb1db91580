//! Whether a whole frame's transport checksum is right, as a second encoder made it.

use etherparse::PacketBuilder;
use wire::checksum::transport_valid;
use wire::headers::Headers;

use crate::support::{CLIENT_V4, CLIENT_V6, DESTINATION, SOURCE, VIP_V4, VIP_V6, hex};

/// Where IPv4's and IPv6's transport headers start in these frames.
const L4_V4: usize = 34;
const L4_V6: usize = 54;

macro_rules! frame {
    (ipv4 $(. $call:ident ( $($argument:expr),* ))+) => {{
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
            .ipv4(CLIENT_V4.octets(), VIP_V4.octets(), 64)
            $(. $call ( $($argument),* ))+
            .write(&mut bytes, b"odd")
            .unwrap();
        bytes
    }};
    (ipv6 $(. $call:ident ( $($argument:expr),* ))+) => {{
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
            .ipv6(CLIENT_V6.octets(), VIP_V6.octets(), 64)
            $(. $call ( $($argument),* ))+
            .write(&mut bytes, b"odd")
            .unwrap();
        bytes
    }};
}

fn valid(bytes: &[u8]) -> bool {
    transport_valid(bytes, &Headers::parse(bytes).unwrap())
}

/// Right as it is and with padding behind it; wrong with its last byte or its checksum changed.
fn check_both_ways(bytes: &[u8], checksum: usize) {
    assert!(valid(bytes));
    assert!(valid(&[bytes, &[0xff; 5]].concat()));
    for offset in [checksum, checksum + 1, bytes.len() - 1] {
        let mut wrong = bytes.to_vec();
        wrong[offset] ^= 1;
        assert!(!valid(&wrong), "byte {offset}");
    }
}

#[test]
fn tcp_is_checked() {
    check_both_ways(&frame!(ipv4.tcp(1, 80, 7, 9)), L4_V4 + 16);
    check_both_ways(&frame!(ipv6.tcp(1, 80, 7, 9)), L4_V6 + 16);
}

#[test]
fn udp_is_checked() {
    check_both_ways(&frame!(ipv4.udp(53, 5353)), L4_V4 + 6);
    check_both_ways(&frame!(ipv6.udp(53, 5353)), L4_V6 + 6);
}

#[test]
fn icmp_is_checked() {
    check_both_ways(&frame!(ipv4.icmpv4_echo_request(1, 2)), L4_V4 + 2);
    check_both_ways(&frame!(ipv6.icmpv6_echo_request(1, 2)), L4_V6 + 2);
}

#[test]
fn a_changed_address_breaks_what_has_a_pseudo_header() {
    let change = |mut bytes: Vec<u8>, offset: usize| {
        bytes[offset] ^= 1;
        valid(&bytes)
    };
    assert!(!change(frame!(ipv4.tcp(1, 80, 7, 9)), 33));
    assert!(!change(frame!(ipv4.udp(53, 5353)), 33));
    assert!(!change(frame!(ipv6.icmpv6_echo_request(1, 2)), 53));
    assert!(change(frame!(ipv4.icmpv4_echo_request(1, 2)), 33));
}

#[test]
fn udp_may_go_without_a_checksum_over_ipv4_and_not_over_ipv6() {
    let without = |mut bytes: Vec<u8>, checksum: usize| {
        bytes[checksum..checksum + 2].fill(0);
        valid(&bytes)
    };
    assert!(without(frame!(ipv4.udp(53, 5353)), L4_V4 + 6));
    assert!(!without(frame!(ipv6.udp(53, 5353)), L4_V6 + 6));
}

#[test]
fn what_lies_behind_udps_own_length_is_not_summed() {
    let mut bytes = frame!(ipv4.udp(53, 5353));
    bytes.extend(hex("dead"));
    bytes[17] += 2;
    assert!(valid(&bytes));
}

#[test]
fn a_fragment_cannot_be_judged() {
    let mut bytes = frame!(ipv4.udp(53, 5353));
    bytes[20] = 0x20;
    *bytes.last_mut().unwrap() ^= 1;
    assert!(valid(&bytes));
}
