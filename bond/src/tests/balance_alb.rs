extern crate std;

use std::vec::Vec;

use core::net::IpAddr;

use proptest::prelude::*;
use wire::checksum::transport_valid;
use wire::headers::{ArpInfo, Headers, Net};
use wire::icmpv6::{NeighborAdvertisement, NeighborSolicitation};
use wire::{Mac, ethertype};

use super::{Lesson, Notice, bucket, readdress};
use crate::balance_rr::Turn;
use crate::egress::{MemberEntry, Table};
use crate::shares::share_out;
use crate::transmit::Ways;
use crate::{Mapping, Mode, XmitHashPolicy};

const BOND: Mac = Mac([2, 0, 0, 0, 0, 1]);
const OWN: [Mac; 2] = [BOND, Mac([2, 0, 0, 0, 0, 2])];
const CLIENT: Mac = Mac([2, 0, 0, 0, 9, 9]);
const VIRTUAL: Mac = Mac([0, 0, 0x5e, 0, 1, 51]);
const LOCAL: [u8; 4] = [10, 0, 0, 1];

/// Two members, the first active. Clients of odd buckets are the second's.
fn table() -> Table {
    let member = |mac| MemberEntry {
        mac,
        ..MemberEntry::default()
    };
    let mut table = Table {
        mode: Mode::BalanceAlb,
        mapping: Mapping::Resilient,
        policy: XmitHashPolicy::Layer34,
        bond_mac: BOND,
        members: OWN.into_iter().map(member).collect(),
        usable: [0, 1].into_iter().collect(),
        active: Some(0),
        ..Table::default()
    };
    share_out(&mut table.buckets, &[], &[0, 1]);
    share_out(&mut table.clients, &[], &[0, 1]);
    table
}

fn ethernet(to: Mac, from: Mac, kind: u16, payload: &[u8]) -> Vec<u8> {
    [&to.0[..], &from.0, &kind.to_be_bytes(), payload].concat()
}

fn arp(operation: u16, to: Mac, from: Mac, client: [u8; 4]) -> Vec<u8> {
    let arp = ArpInfo {
        operation,
        sender_mac: from,
        sender_ip: LOCAL.into(),
        target_mac: to,
        target_ip: client.into(),
    };
    ethernet(to, from, ethertype::ARP, &arp.emit())
}

fn address(last: u16) -> core::net::Ipv6Addr {
    core::net::Ipv6Addr::new(0xfd90, 0, 0, 0, 0, 0, 0, last)
}

fn discovery(to: Mac, from: Mac, client: core::net::Ipv6Addr, message: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(message.len()).unwrap().to_be_bytes();
    let head = [0x60, 0, 0, 0, high, low, 58, 255];
    let packet = [&head[..], &address(1).octets(), &client.octets(), message].concat();
    ethernet(to, from, ethertype::IPV6, &packet)
}

fn advertisement(to: Mac, from: Mac, client: core::net::Ipv6Addr) -> Vec<u8> {
    let said = NeighborAdvertisement {
        router: true,
        solicited: true,
        overriding: true,
        target: address(1),
        target_mac: Some(from),
    };
    discovery(to, from, client, &said.emit(address(1), client))
}

fn solicitation(to: Mac, from: Mac, client: core::net::Ipv6Addr) -> Vec<u8> {
    let asked = NeighborSolicitation {
        target: client,
        source_mac: Some(from),
    };
    discovery(to, from, client, &asked.emit(address(1), client))
}

fn ways(table: &Table, frame: &[u8], masked: u32) -> Ways {
    table.ways(&mut Turn::new(0), frame, masked).expect("a way")
}

fn by_second() -> Ways {
    Ways {
        source: Some(OWN[1]),
        ..Ways::by(1)
    }
}

#[test]
fn a_buckets_number_is_the_addresss_bytes_xored() {
    assert_eq!(bucket([10, 90, 0, 21].into()), 10 ^ 90 ^ 21);
    assert_eq!(bucket([0, 0, 0, 0].into()), 0);
    assert_eq!(bucket(IpAddr::V6(address(0x0104))), 0xfd ^ 0x90 ^ 1 ^ 4);
}

#[test]
fn packets_take_the_member_of_their_destination_and_without_dynamic_balancing_of_their_hash() {
    let mut frame = ethernet(
        CLIENT,
        BOND,
        0x0800,
        &[0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0],
    );
    frame.extend(LOCAL);
    frame.extend([10, 0, 0, 7]);
    let way = ways(&table(), &frame, 0);
    assert_eq!(
        (way.first, way.source, way.hash),
        (1, Some(OWN[1]), Some(10 ^ 7))
    );
    frame[33] = 6;
    assert_eq!(ways(&table(), &frame, 0).first, 0);
    let mut tagged = frame.clone();
    tagged[33] = 7;
    tagged.splice(12..12, [0x81, 0, 0, 5]);
    assert_eq!(ways(&table(), &tagged, 0).first, 1);
    let plain = Table {
        mapping: Mapping::Modulo,
        ..table()
    };
    let hash = crate::hash::xmit_hash(XmitHashPolicy::Layer34, &frame);
    let way = ways(&plain, &frame, 0);
    assert_eq!((way.hash, way.first), (Some(hash), hash as usize % 2));
}

#[test]
fn a_client_is_told_the_mac_of_its_member_and_everybody_the_bonds() {
    let table = table();
    for operation in [ArpInfo::REPLY, ArpInfo::REQUEST] {
        let odd = arp(operation, CLIENT, BOND, [10, 0, 0, 6]);
        assert_eq!(ways(&table, &odd, 0), Ways::by(0));
        let even = arp(operation, CLIENT, BOND, [10, 0, 0, 7]);
        assert_eq!(ways(&table, &even, 0), by_second());
    }
    let everybody = arp(ArpInfo::REQUEST, Mac::BROADCAST, BOND, [10, 0, 0, 7]);
    assert_eq!(ways(&table, &everybody, 0), Ways::by(0));
    let group = Mac([0x33, 0x33, 0xff, 0, 0, 7]);
    // fd ^ 90 is odd.
    for (client, expected) in [(6, by_second()), (7, Ways::by(0))] {
        let client = address(client);
        assert_eq!(
            ways(&table, &advertisement(CLIENT, BOND, client), 0),
            expected
        );
        assert_eq!(
            ways(&table, &solicitation(CLIENT, BOND, client), 0),
            expected
        );
        assert_eq!(
            ways(&table, &solicitation(group, BOND, client), 0),
            expected
        );
    }
    let all_nodes = core::net::Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    let everybody = advertisement(Mac([0x33, 0x33, 0, 0, 0, 1]), BOND, all_nodes);
    assert_eq!(ways(&table, &everybody, 0), Ways::by(0));
}

#[test]
fn a_virtual_mac_is_told_as_it_is_by_the_active_member() {
    let table = Table {
        active: Some(1),
        ..table()
    };
    for last in 0..16 {
        let frames = [
            arp(ArpInfo::REPLY, CLIENT, VIRTUAL, [10, 0, 0, last]),
            advertisement(CLIENT, VIRTUAL, address(last.into())),
            solicitation(CLIENT, VIRTUAL, address(last.into())),
        ];
        for frame in frames {
            assert_eq!(ways(&table, &frame, 0), Ways::by(1));
            assert_eq!(table.notice(&frame), None);
        }
    }
    // The bond's frame that tells of a virtual MAC: only the Ethernet source would be the bond's.
    let mut mixed = arp(ArpInfo::REPLY, CLIENT, VIRTUAL, [10, 0, 0, 7]);
    mixed[6..12].copy_from_slice(&BOND.0);
    assert_eq!(ways(&table, &mixed, 0), Ways::by(1));
    readdress(&mut mixed, OWN[1]);
    let Net::Arp(arp) = Headers::parse(&mixed).unwrap().net else {
        panic!("ARP")
    };
    assert_eq!(arp.sender_mac, VIRTUAL);
}

#[test]
fn what_tells_a_mac_tells_the_new_one_with_a_right_checksum() {
    let mut frame = arp(ArpInfo::REPLY, CLIENT, BOND, [10, 0, 0, 7]);
    readdress(&mut frame, OWN[1]);
    assert_eq!(frame, arp(ArpInfo::REPLY, CLIENT, OWN[1], [10, 0, 0, 7]));
    for make in [advertisement, solicitation] {
        let mut frame = make(CLIENT, BOND, address(7));
        readdress(&mut frame, OWN[1]);
        assert_eq!(frame, make(CLIENT, OWN[1], address(7)));
        assert!(transport_valid(&frame, &Headers::parse(&frame).unwrap()));
    }
}

#[test]
fn a_lesson_names_client_and_address_and_what_tells_nothing_is_none() {
    let table = table();
    let lesson = Lesson {
        client: [10, 0, 0, 7].into(),
        mac: CLIENT,
        local: LOCAL.into(),
        vlan: None,
        is_router: false,
    };
    let reply = arp(ArpInfo::REPLY, CLIENT, BOND, [10, 0, 0, 7]);
    assert_eq!(table.notice(&reply), Some(Notice::To(lesson)));
    let lesson = Lesson {
        client: address(7).into(),
        local: address(1).into(),
        is_router: true,
        ..lesson
    };
    let said = advertisement(CLIENT, BOND, address(7));
    assert_eq!(table.notice(&said), Some(Notice::To(lesson)));
    let everybody = arp(ArpInfo::REQUEST, Mac::BROADCAST, BOND, [10, 0, 0, 7]);
    let local = LOCAL.into();
    assert_eq!(table.notice(&everybody), Some(Notice::All { local }));
    let mut probe = everybody.clone();
    probe[28..32].fill(0);
    assert_eq!(table.notice(&probe), None, "RFC 5227: no address yet");
    let other = Table {
        mode: Mode::BalanceTlb,
        ..table
    };
    assert_eq!(other.notice(&reply), None);
}

#[test]
fn who_answers_us_is_heard_and_who_asks_is_not() {
    let table = table();
    let heard = |frame: &[u8]| table.heard(frame, &Headers::parse(frame).unwrap());
    let answer = |operation| {
        let arp = ArpInfo {
            operation,
            sender_mac: CLIENT,
            sender_ip: [10, 0, 0, 7].into(),
            target_mac: BOND,
            target_ip: LOCAL.into(),
        };
        ethernet(BOND, CLIENT, ethertype::ARP, &arp.emit())
    };
    let lesson = heard(&answer(ArpInfo::REPLY)).expect("a lesson");
    assert_eq!((lesson.client, lesson.mac), ([10, 0, 0, 7].into(), CLIENT));
    assert_eq!(lesson.local, IpAddr::from(LOCAL));
    assert_eq!(heard(&answer(ArpInfo::REQUEST)), None);
    assert!(heard(&advertisement(BOND, CLIENT, address(9))).is_some());
    assert_eq!(heard(&solicitation(BOND, CLIENT, address(9))), None);
}

#[test]
fn clients_of_a_masked_member_are_told_the_speakers_mac() {
    let table = table();
    let frame = arp(ArpInfo::REPLY, CLIENT, BOND, [10, 0, 0, 7]);
    assert_eq!(ways(&table, &frame, 1 << 1), Ways::by(0));
    assert_eq!(
        ways(&table, &frame, 1),
        Ways::by(1),
        "it speaks for the bond"
    );
    let macs = table.client_macs();
    assert_eq!((macs[0], macs[1]), (OWN[0], OWN[1]));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_a_virtual_mac_is_never_rewritten(
        mut frame in proptest::collection::vec(any::<u8>(), 0..128),
        kind in prop::sample::select([0x0806u16, 0x86dd, 0x0800, 0x8100, 0x9000].to_vec()),
        is_virtual: bool,
    ) {
        if frame.len() >= 14 {
            frame[12..14].copy_from_slice(&kind.to_be_bytes());
            frame[6..12].copy_from_slice(if is_virtual { &VIRTUAL.0 } else { &BOND.0 });
        }
        let table = table();
        let way = ways(&table, &frame, 0);
        if is_virtual {
            prop_assert_eq!(way, Ways::by(0));
        }
        let told = table.notice(&frame);
        prop_assert!(!is_virtual || told.is_none());
        readdress(&mut frame, OWN[1]);
    }
}
