extern crate std;

use core::net::{Ipv4Addr, Ipv6Addr};
use std::vec::Vec;

use proptest::prelude::*;
use wire::headers::{ArpInfo, Headers};
use wire::icmpv6::NeighborAdvertisement;
use wire::{Mac, ethertype, protocol};

use super::super::{arp, neighbour};
use super::{Kind, Seen, observe};
use crate::egress::Table;
use crate::monitor::Target;

const OWN_MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const PEER_MAC: Mac = Mac([2, 0, 0, 0, 0, 9]);
const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const NOBODY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 77);
const OWN6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const PEER6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);

fn table() -> Table {
    let v4 = |target, source| Target::V4 {
        target,
        source,
        vlan: None,
    };
    let targets = [
        v4(Ipv4Addr::new(10, 9, 9, 9), Ipv4Addr::UNSPECIFIED),
        v4(PEER, OWN),
        Target::V6 {
            target: PEER6,
            source: OWN6,
            vlan: None,
        },
    ];
    Table {
        bond_mac: OWN_MAC,
        targets: targets.into_iter().collect(),
        ..Table::default()
    }
}

fn seen(frame: &[u8]) -> Option<Seen> {
    observe(&table(), frame, &Headers::parse(frame).expect("a frame"))
}

fn arp(operation: u16, mac: Mac, from: Ipv4Addr, to: Ipv4Addr) -> Vec<u8> {
    let packet = ArpInfo {
        operation,
        sender_mac: mac,
        sender_ip: from,
        target_mac: OWN_MAC,
        target_ip: to,
    };
    let head = [OWN_MAC.0.as_slice(), &mac.0, &ethertype::ARP.to_be_bytes()];
    [head.concat().as_slice(), &packet.emit()].concat()
}

fn advertisement(solicited: bool, target: Ipv6Addr, to: Ipv6Addr, hop_limit: u8) -> Vec<u8> {
    let message = NeighborAdvertisement {
        router: false,
        solicited,
        overriding: true,
        target,
        target_mac: Some(PEER_MAC),
    };
    let message = message.emit(PEER6, to);
    let length = u8::try_from(message.len()).expect("short");
    let head = [0x60, 0, 0, 0, 0, length, protocol::ICMPV6, hop_limit];
    let link = [
        OWN_MAC.0.as_slice(),
        &PEER_MAC.0,
        &ethertype::IPV6.to_be_bytes(),
    ];
    [
        link.concat().as_slice(),
        &head,
        &PEER6.octets(),
        &to.octets(),
        &message,
    ]
    .concat()
}

fn of(target: usize, kind: Kind) -> Option<Seen> {
    Some(Seen::Of { target, kind })
}

#[test]
fn an_answer_of_a_target_to_us_is_a_reply_and_its_question_a_request() {
    assert_eq!(seen(&arp(2, PEER_MAC, PEER, OWN)), of(1, Kind::Reply));
    assert_eq!(seen(&arp(1, PEER_MAC, PEER, OWN)), of(1, Kind::Request));
    let answer = advertisement(true, PEER6, OWN6, 255);
    assert_eq!(seen(&answer), of(2, Kind::Reply));
    let mut question = neighbour::solicitation(PEER_MAC, PEER6, OWN6);
    assert_eq!(seen(&question), of(2, Kind::Request));
    // Damaged on its way.
    question[60] ^= 1;
    assert_eq!(seen(&question), None);
}

#[test]
fn our_own_probe_is_known_by_our_mac_and_both_addresses() {
    assert_eq!(seen(&arp::request(OWN_MAC, OWN, PEER)), of(1, Kind::Own));
    let probe = neighbour::solicitation(OWN_MAC, OWN6, PEER6);
    assert_eq!(seen(&probe), of(2, Kind::Own));
    let unnumbered = arp::request(OWN_MAC, Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(10, 9, 9, 9));
    assert_eq!(seen(&unnumbered), of(0, Kind::Own));
    let forged = neighbour::solicitation(PEER_MAC, OWN6, PEER6);
    let others = [arp::request(PEER_MAC, OWN, PEER), forged];
    for other in others {
        assert_eq!(seen(&other), Some(Seen::Neighbour));
    }
}

#[test]
fn arp_and_neighbor_discovery_of_others_is_of_no_target() {
    for frame in [
        arp(2, PEER_MAC, NOBODY, OWN),
        arp(2, PEER_MAC, PEER, NOBODY),
        arp(3, PEER_MAC, PEER, OWN),
        advertisement(false, PEER6, OWN6, 255),
        advertisement(true, OWN6, OWN6, 255),
        advertisement(true, PEER6, PEER6, 255),
    ] {
        assert_eq!(seen(&frame), Some(Seen::Neighbour), "{frame:?}");
    }
}

#[test]
fn what_is_forwarded_or_of_another_protocol_is_nothing() {
    assert_eq!(seen(&advertisement(true, PEER6, OWN6, 254)), None);
    let mut other = arp(2, PEER_MAC, PEER, OWN);
    other[12..14].copy_from_slice(&[0x88, 0xcc]);
    assert_eq!(seen(&other), None);
}

#[test]
fn a_target_is_heard_on_its_own_vlan_and_on_no_other() {
    let on = |vlan: Option<u16>| {
        let mut table = table();
        for target in &mut table.targets {
            match target {
                Target::V4 { vlan: on, .. } | Target::V6 { vlan: on, .. } => *on = vlan,
            }
        }
        table
    };
    let frames = [
        (arp(2, PEER_MAC, PEER, OWN), of(1, Kind::Reply)),
        (arp(1, PEER_MAC, PEER, OWN), of(1, Kind::Request)),
        (arp::request(OWN_MAC, OWN, PEER).to_vec(), of(1, Kind::Own)),
        (advertisement(true, PEER6, OWN6, 255), of(2, Kind::Reply)),
    ];
    for (frame, is_of) in frames {
        for (tag, vlan) in [(Some(7), Some(7)), (Some(0), None), (None, None)] {
            let mut frame = frame.clone();
            if let Some(tag) = tag {
                frame.splice(12..12, [0x81, 0, 0, tag]);
            }
            let headers = Headers::parse(&frame).expect("a frame");
            let seen = |table| observe(&table, &frame, &headers);
            assert_eq!(seen(on(vlan)), is_of, "{tag:?}");
            for other in [Some(8), vlan.xor(Some(7))] {
                assert_eq!(seen(on(other)), Some(Seen::Neighbour), "{tag:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_observe_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 14..120),
        is_v6 in any::<bool>(),
    ) {
        let kind = if is_v6 { ethertype::IPV6 } else { ethertype::ARP };
        bytes[12..14].copy_from_slice(&kind.to_be_bytes());
        if let Ok(headers) = Headers::parse(&bytes) {
            let seen = observe(&table(), &bytes, &headers);
            let is_known = !matches!(seen, Some(Seen::Of { target, .. }) if target > 2);
            prop_assert!(is_known, "{:?}", seen);
        }
    }
}
