//! What is an advert and what is dropped, each by its reason.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;
use core::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use wire::checksum::{ones_complement, transport_v4, transport_v6};
use wire::vrrp::Form;

use super::receive;
use crate::DropReason;
use crate::config::Family;

/// keepalived 2.2.7 from 10.80.2.2, whole frames as captured.
const V4: [u8; 50] = [
    0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x45, 0xc0,
    0x00, 0x24, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0xce, 0x44, 0x0a, 0x50, 0x02, 0x02, 0xe0, 0x00,
    0x00, 0x12, 0x31, 0x33, 0xc8, 0x02, 0x00, 0x0a, 0x01, 0xd6, 0x0a, 0x50, 0x02, 0x01, 0x0a, 0x50,
    0x01, 0x64,
];
const V6: [u8; 94] = [
    0x33, 0x33, 0x00, 0x00, 0x00, 0x12, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x86, 0xdd, 0x6c, 0x0c,
    0x35, 0xae, 0x00, 0x28, 0x70, 0xff, 0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0xff, 0xfe, 0x00, 0x00, 0x01, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x12, 0x31, 0x33, 0xc8, 0x02, 0x00, 0x0a, 0xdb, 0x83, 0xfe, 0x80,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x51, 0x00, 0x01, 0x20, 0x01,
    0x0d, 0xb8, 0x00, 0x80, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
];

/// The frame with bytes changed and its IPv4 header's sum put right.
fn changed(changes: &[(usize, u8)]) -> Vec<u8> {
    let mut frame = V4.to_vec();
    for (at, value) in changes {
        frame[*at] = *value;
    }
    sum_header(&mut frame, 20);
    frame
}

fn sum_header(frame: &mut [u8], len: usize) {
    frame[24..26].fill(0);
    let sum = ones_complement(&frame[14..14 + len]);
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
}

/// The same, and the message's sum put right too.
fn resummed(changes: &[(usize, u8)]) -> Vec<u8> {
    let mut frame = changed(changes);
    frame[40..42].fill(0);
    let [source, group] = [26, 30].map(|at| frame[at..].first_chunk::<4>().unwrap());
    let (source, group) = (Ipv4Addr::from(*source), Ipv4Addr::from(*group));
    let sum = transport_v4(source, group, 112, &frame[34..]);
    frame[40..42].copy_from_slice(&sum.to_be_bytes());
    frame
}

fn v6_changed(at: usize, value: u8) -> Vec<u8> {
    let mut frame = V6.to_vec();
    frame[at] = value;
    frame
}

fn refused(frame: &[u8]) -> DropReason {
    receive(frame).expect_err("it has a fault")
}

#[test]
fn keepaliveds_adverts_are_taken() {
    let received = receive(&V4).unwrap();
    assert_eq!((received.family, received.vrid.get()), (Family::Ipv4, 51));
    assert_eq!(received.source.to_string(), "10.80.2.2");
    assert_eq!(received.advertisement.priority, 200);
    assert_eq!(received.advertisement.interval.get(), 10);
    assert_eq!(received.advertisement.addresses.len(), 2);
    assert_eq!(received.form, Form::PseudoHeader);
    let received = receive(&V6).unwrap();
    assert_eq!((received.family, received.vrid.get()), (Family::Ipv6, 51));
    assert_eq!(received.source.to_string(), "fe80::ff:fe00:1");
}

#[test]
fn a_ttl_or_hop_limit_other_than_255_is_dropped() {
    for hops in [0, 1, 64, 254] {
        assert_eq!(refused(&changed(&[(22, hops)])), DropReason::Ttl);
        assert_eq!(refused(&v6_changed(21, hops)), DropReason::HopLimit);
    }
}

#[test]
fn a_packet_to_another_group_is_dropped() {
    assert_eq!(refused(&changed(&[(33, 0x13)])), DropReason::Destination);
    assert_eq!(refused(&v6_changed(53, 0x13)), DropReason::Destination);
}

#[test]
fn a_source_that_is_no_routers_address_is_dropped() {
    for first in [127, 224, 239] {
        assert_eq!(refused(&changed(&[(26, first)])), DropReason::Source);
    }
    let unspecified = changed(&[(26, 0), (27, 0), (28, 0), (29, 0)]);
    assert_eq!(refused(&unspecified), DropReason::Source);
    assert_eq!(refused(&v6_changed(22, 0x20)), DropReason::Source);
}

#[test]
fn a_damaged_ipv4_header_is_dropped() {
    let mut frame = V4;
    frame[19] ^= 1;
    assert_eq!(refused(&frame), DropReason::HeaderChecksum);
}

#[test]
fn fragments_are_dropped_and_dont_fragment_is_not() {
    assert_eq!(refused(&changed(&[(20, 0x20)])), DropReason::Malformed);
    assert_eq!(refused(&changed(&[(21, 0x01)])), DropReason::Malformed);
    assert!(receive(&changed(&[(20, 0x40)])).is_ok());
}

#[test]
fn a_header_with_options_is_passed_over_whatever_its_length() {
    for words in 6..=15_usize {
        let options = vec![1; words * 4 - 20];
        let mut frame = [&V4[..34], &options, &V4[34..]].concat();
        frame[14] = 0x40 | u8::try_from(words).unwrap();
        frame[17] += u8::try_from(options.len()).unwrap();
        sum_header(&mut frame, words * 4);
        assert!(receive(&frame).is_ok(), "{words} words");
    }
    let shorter = changed(&[(14, 0x44)]);
    assert_eq!(refused(&shorter), DropReason::Malformed);
}

#[test]
fn padding_after_the_packet_is_not_looked_at() {
    let padded = [&V4[..], &[0xa5; 14]].concat();
    assert!(receive(&padded).is_ok());
    let padded = [&V6[..], &[0xa5; 3]].concat();
    assert!(receive(&padded).is_ok());
}

#[test]
fn bytes_too_few_or_too_many_inside_the_packet_are_dropped_by_length() {
    let mut longer = [&V4[..], &[0; 8]].concat();
    longer[17] += 8;
    sum_header(&mut longer, 20);
    assert_eq!(refused(&longer), DropReason::Length);
    assert_eq!(refused(&changed(&[(17, 0x20)])), DropReason::Length);
    assert_eq!(refused(&changed(&[(17, 0x1b)])), DropReason::Length);
    assert_eq!(refused(&v6_changed(19, 0x18)), DropReason::Length);
}

#[test]
fn a_frame_that_ends_early_is_dropped() {
    for len in 14..V4.len() {
        assert_eq!(refused(&V4[..len]), DropReason::Malformed, "{len}");
    }
    for len in 14..V6.len() {
        assert_eq!(refused(&V6[..len]), DropReason::Malformed, "{len}");
    }
    for len in 0..14 {
        assert_eq!(refused(&V4[..len]), DropReason::NotVrrp, "{len}");
    }
}

#[test]
fn a_tagged_frame_is_dropped_and_so_is_another_protocol() {
    for tag in [[0x81, 0x00], [0x88, 0xa8]] {
        let tagged = [&V4[..12], &tag, &[0, 1], &V4[12..]].concat();
        assert_eq!(refused(&tagged), DropReason::Tagged);
    }
    assert_eq!(refused(&changed(&[(23, 17)])), DropReason::NotVrrp);
    assert_eq!(refused(&v6_changed(20, 58)), DropReason::NotVrrp);
    assert_eq!(refused(&changed(&[(13, 6)])), DropReason::NotVrrp);
}

#[test]
fn the_messages_own_faults_keep_their_reasons() {
    assert_eq!(refused(&changed(&[(34, 0x21)])), DropReason::Version2);
    assert_eq!(refused(&changed(&[(34, 0x41)])), DropReason::Version);
    assert_eq!(refused(&changed(&[(34, 0x32)])), DropReason::Type);
    assert_eq!(refused(&changed(&[(37, 0)])), DropReason::Count);
    assert_eq!(refused(&changed(&[(37, 1)])), DropReason::Length);
    assert_eq!(refused(&changed(&[(36, 1)])), DropReason::Checksum);
    assert_eq!(refused(&v6_changed(56, 1)), DropReason::Checksum);
    assert_eq!(refused(&resummed(&[(39, 0)])), DropReason::Interval);
    assert_eq!(refused(&resummed(&[(35, 0)])), DropReason::Vrid);
    assert!(receive(&resummed(&[(35, 52)])).is_ok());
}

#[test]
fn a_carp_advert_is_dropped_as_such() {
    let mut frame = [&V4[..34], &[0x21, 1, 0, 7, 0, 1], &[0xa5; 30][..]].concat();
    frame[17] = 20 + 36;
    sum_header(&mut frame, 20);
    assert_eq!(refused(&frame), DropReason::Carp);
}

#[test]
fn a_first_ipv6_address_from_elsewhere_is_dropped() {
    let mut frame = v6_changed(62, 0x20);
    frame[60..62].fill(0);
    let [source, group] = [22, 38].map(|at| frame[at..].first_chunk::<16>().unwrap());
    let (source, group) = (Ipv6Addr::from(*source), Ipv6Addr::from(*group));
    let sum = transport_v6(source, group, 112, &frame[54..]);
    frame[60..62].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(refused(&frame), DropReason::LinkLocal);
}

proptest! {
    #[test]
    fn no_frame_panics_the_receiver(
        mut frame in prop_oneof![Just(V4.to_vec()), Just(V6.to_vec())],
        changes in proptest::collection::vec((0..94_usize, any::<u8>()), 0..6),
        cut in 0..100_usize,
        sum: bool,
    ) {
        for (at, value) in changes {
            if let Some(byte) = frame.get_mut(at) {
                *byte = value;
            }
        }
        frame.truncate(cut);
        if sum && frame.len() >= 34 {
            sum_header(&mut frame, 20);
        }
        black_box(receive(&frame).is_ok());
    }
}
