//! The Internet checksum, full and incremental.

use std::net::{Ipv4Addr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;
use proptest::prelude::*;
use wire::checksum::{
    Sum, ones_complement, transport_v4, transport_v6, udp_on_wire, update16, update32, update128,
};

use crate::support::hex;

/// RFC 1071 as it is written down: 16 bits at a time.
fn reference(bytes: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

#[test]
fn the_rfcs_example_sums_to_what_it_says() {
    // RFC 1071 section 3: the sum is ddf2.
    assert_eq!(ones_complement(&hex("0001 f203 f4f5 f6f7")), !0xddf2);
}

#[test]
fn nothing_and_one_byte_are_summed() {
    assert_eq!(ones_complement(&[]), 0xffff);
    assert_eq!(ones_complement(&[0x12]), !0x1200);
}

#[test]
fn the_rfcs_incremental_example_gives_zero() {
    // RFC 1624 section 4: a checksum of dd2f, a field from 5555 to 3285.
    assert_eq!(update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

#[test]
fn a_udp_checksum_of_zero_is_sent_as_all_ones_and_no_other_is_changed() {
    assert_eq!(udp_on_wire(0), 0xffff);
    assert_eq!(udp_on_wire(1), 1);
    assert_eq!(udp_on_wire(0xffff), 0xffff);
}

/// Bytes with a version in them, as every packet has: not zero throughout.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 24..200).prop_map(|mut bytes| {
        bytes[0] = 0x45;
        bytes
    })
}

proptest! {
    #[test]
    fn the_full_checksum_is_the_references(bytes in proptest::collection::vec(any::<u8>(), 0..1700)) {
        prop_assert_eq!(ones_complement(&bytes), reference(&bytes));
    }

    #[test]
    fn the_full_checksum_is_the_second_encoders(bytes in proptest::collection::vec(any::<u8>(), 0..1700)) {
        let second = Sum16BitWords::new().add_slice(&bytes).ones_complement().to_be();
        prop_assert_eq!(ones_complement(&bytes), second);
    }

    #[test]
    fn summing_in_parts_is_summing_at_once(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        cut in 0_usize..150,
    ) {
        let (head, tail) = bytes.split_at((cut * 2).min(bytes.len() & !1));
        prop_assert_eq!(Sum::new().bytes(head).bytes(tail).checksum(), ones_complement(&bytes));
    }

    #[test]
    fn numbers_sum_as_their_bytes(word in any::<u16>(), long in any::<u32>()) {
        let bytes = [&word.to_be_bytes()[..], &long.to_be_bytes()].concat();
        prop_assert_eq!(Sum::new().word(word).long(long).checksum(), ones_complement(&bytes));
    }

    #[test]
    fn data_with_its_checksum_sums_to_zero(mut bytes in packet()) {
        bytes[2..4].fill(0);
        let check = ones_complement(&bytes);
        bytes[2..4].copy_from_slice(&check.to_be_bytes());
        prop_assert_eq!(ones_complement(&bytes), 0);
    }

    #[test]
    fn sixteen_bits_changed_incrementally_are_the_full_checksum(mut bytes in packet(), new: u16) {
        let before = ones_complement(&bytes);
        let old = u16::from_be_bytes([bytes[6], bytes[7]]);
        bytes[6..8].copy_from_slice(&new.to_be_bytes());
        prop_assert_eq!(update16(before, old, new), ones_complement(&bytes));
    }

    #[test]
    fn an_ipv4_address_changed_incrementally_is_the_full_checksum(mut bytes in packet(), new: u32) {
        let before = ones_complement(&bytes);
        let old = Ipv4Addr::new(bytes[6], bytes[7], bytes[8], bytes[9]).to_bits();
        bytes[6..10].copy_from_slice(&new.to_be_bytes());
        prop_assert_eq!(update32(before, old, new), ones_complement(&bytes));
    }

    #[test]
    fn an_ipv6_address_changed_incrementally_is_the_full_checksum(mut bytes in packet(), new: u128) {
        let before = ones_complement(&bytes);
        let old = Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[6..22]).unwrap()).to_bits();
        bytes[6..22].copy_from_slice(&new.to_be_bytes());
        prop_assert_eq!(update128(before, old, new), ones_complement(&bytes));
    }

    #[test]
    fn a_change_and_its_undoing_give_the_first_checksum(check in 0_u16..0xffff, old: u32, new: u32) {
        prop_assert_eq!(update32(update32(check, old, new), new, old), check);
    }

    #[test]
    fn a_rewritten_tcp_segment_is_right_incrementally(
        source: u32, old: u32, new: u32, port: u16,
        mut segment in proptest::collection::vec(any::<u8>(), 20..200),
    ) {
        let (source, old, new) = (Ipv4Addr::from(source), Ipv4Addr::from(old), Ipv4Addr::from(new));
        segment[16..18].fill(0);
        let check = transport_v4(source, old, 6, &segment);
        let old_port = u16::from_be_bytes([segment[2], segment[3]]);
        segment[2..4].copy_from_slice(&port.to_be_bytes());
        let check = update32(update16(check, old_port, port), old.to_bits(), new.to_bits());
        segment[16..18].copy_from_slice(&check.to_be_bytes());
        prop_assert_eq!(transport_v4(source, new, 6, &segment), 0);
    }

    #[test]
    fn a_rewritten_segment_over_ipv6_is_right_incrementally(
        source: u128, old: u128, new: u128,
        mut segment in proptest::collection::vec(any::<u8>(), 20..200),
    ) {
        let (source, old, new) = (Ipv6Addr::from(source), Ipv6Addr::from(old), Ipv6Addr::from(new));
        segment[16..18].fill(0);
        let check = update128(transport_v6(source, old, 6, &segment), old.to_bits(), new.to_bits());
        segment[16..18].copy_from_slice(&check.to_be_bytes());
        prop_assert_eq!(transport_v6(source, new, 6, &segment), 0);
    }
}
