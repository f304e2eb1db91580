//! What a virtual address answers by itself.

use std::net::IpAddr;
use std::vec::Vec;

use etherparse::{Icmpv4Type, Icmpv6Type, PacketBuilder, PacketHeaders};
use wire::Mac;

use super::support::{Appliance, MAC, Out, PEER, Segment, addr, service, tcp};
use crate::Method;

const VIP: &str = "10.1.0.100:80";
const VIP6: &str = "[2001:db8:1::100]:80";
const CLIENT: &str = "198.51.100.7:40000";
const CLIENT6: &str = "[2001:db8:9::7]:40000";
const PROBER: [u8; 4] = [10, 1, 0, 1];

fn appliance() -> Appliance {
    let reals = [("10.2.0.11:80", 1)];
    Appliance::new(
        [
            service(Method::Nat, VIP, &reals),
            service(Method::Nat, VIP6, &[("[2001:db8:2::11]:80", 0)]),
            service(Method::Dr, "10.1.0.100:443", &[]),
        ]
        .into(),
    )
}

pub fn arp(operation: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    let mut frame = [
        &[0xff; 6][..],
        &PEER.0,
        &[8, 6, 0, 1, 8, 0, 6, 4, 0, operation],
    ]
    .concat();
    frame.extend(PEER.0.iter().chain(&sender).chain(&[0; 6]).chain(&target));
    frame
}

pub fn icmp6(from: &str, to: &str, hops: u8, kind: u8, code: u8, body: &[u8]) -> Vec<u8> {
    let [from, to] = [from, to].map(|text| text.parse::<std::net::Ipv6Addr>().unwrap().octets());
    let mut frame = Vec::new();
    let first = [body[0], body[1], body[2], body[3]];
    PacketBuilder::ethernet2(PEER.0, MAC.0)
        .ipv6(from, to, hops)
        .icmpv6_raw(kind, code, first)
        .write(&mut frame, &body[4..])
        .unwrap();
    frame
}

/// The body of a solicitation: reserved, target, and an option where `option` says so.
pub fn solicitation(target: &str, option: bool) -> Vec<u8> {
    let target = target.parse::<std::net::Ipv6Addr>().unwrap().octets();
    let mut body = [&[0; 4][..], &target].concat();
    if option {
        body.extend([1, 1].iter().chain(&PEER.0));
    }
    body
}

#[test]
fn an_arp_request_for_a_virtual_address_is_answered_with_the_contexts_mac() {
    for sender in [PROBER, [0; 4]] {
        let Out::Reply(frame) = appliance().send(arp(1, sender, [10, 1, 0, 100])) else {
            panic!("no reply")
        };
        assert_eq!((&frame[..6], &frame[6..12]), (&PEER.0[..], &MAC.0[..]));
        assert_eq!(frame[12..22], [8, 6, 0, 1, 8, 0, 6, 4, 0, 2]);
        assert_eq!(
            (&frame[22..28], &frame[28..32]),
            (&MAC.0[..], &[10, 1, 0, 100][..])
        );
        assert_eq!((&frame[32..38], &frame[38..42]), (&PEER.0[..], &sender[..]));
        assert_eq!(frame[42..], [0; 18]);
    }
}

#[test]
fn arp_about_others_is_the_kernels() {
    assert_eq!(
        appliance().send(arp(1, PROBER, [10, 1, 0, 2])),
        Out::NotMine
    );
    assert_eq!(
        appliance().send(arp(2, PROBER, [10, 1, 0, 100])),
        Out::NotMine
    );
}

#[test]
fn a_solicitation_for_a_virtual_address_is_answered_with_a_solicited_override_advertisement() {
    let body = solicitation("2001:db8:1::100", true);
    for to in ["ff02::1:ff00:100", "2001:db8:1::100"] {
        let seen = appliance()
            .send(icmp6("fe80::1", to, 255, 135, 0, &body))
            .replied();
        assert_eq!((seen.destination_mac, seen.source_mac), (PEER, MAC));
        assert_eq!(seen.source, "2001:db8:1::100".parse::<IpAddr>().unwrap());
        assert_eq!(seen.destination, "fe80::1".parse::<IpAddr>().unwrap());
        assert_eq!(seen.ttl, 255);
        let Some(Icmpv6Type::NeighborAdvertisement(flags)) = seen.icmp6 else {
            panic!("{seen:?}")
        };
        assert!(flags.solicited && flags.r#override && !flags.router);
        assert_eq!(seen.payload[..16], body[4..20]);
        assert_eq!(seen.payload[16..], [&[2, 1][..], &MAC.0].concat());
    }
}

#[test]
fn a_probe_for_a_virtual_address_is_answered_to_all_nodes() {
    let body = solicitation("2001:db8:1::100", false);
    let seen = appliance()
        .send(icmp6("::", "ff02::1:ff00:100", 255, 135, 0, &body))
        .replied();
    assert_eq!(seen.destination_mac, Mac([0x33, 0x33, 0, 0, 0, 1]));
    assert_eq!(seen.destination, "ff02::1".parse::<IpAddr>().unwrap());
    let Some(Icmpv6Type::NeighborAdvertisement(flags)) = seen.icmp6 else {
        panic!("{seen:?}")
    };
    assert!(!flags.solicited && flags.r#override);
}

#[test]
fn solicitations_for_others_are_the_kernels() {
    let body = solicitation("2001:db8:1::1", true);
    let frame = icmp6("fe80::1", "ff02::1:ff00:1", 255, 135, 0, &body);
    assert_eq!(appliance().send(frame), Out::NotMine);
}

#[test]
fn echo_is_answered_over_ipv4() {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(PEER.0, MAC.0)
        .ipv4([198, 51, 100, 7], [10, 1, 0, 100], 3)
        .icmpv4_echo_request(7, 9)
        .write(&mut frame, b"some data, odd")
        .unwrap();
    let seen = appliance().send(frame).replied();
    let Some(Icmpv4Type::EchoReply(echo)) = seen.icmp4 else {
        panic!("{seen:?}")
    };
    assert_eq!(
        (echo.id, echo.seq, &seen.payload[..]),
        (7, 9, &b"some data, odd"[..])
    );
    assert_eq!(seen.source, addr(VIP).ip());
    assert_eq!((seen.destination, seen.ttl), (addr(CLIENT).ip(), 64));
    assert_eq!((seen.destination_mac, seen.source_mac), (PEER, MAC));
}

#[test]
fn echo_is_answered_over_ipv6() {
    let body = [&[0, 7, 0, 9][..], b"some data"].concat();
    let frame = icmp6("2001:db8:9::7", "2001:db8:1::100", 3, 128, 0, &body);
    let seen = appliance().send(frame).replied();
    let Some(Icmpv6Type::EchoReply(echo)) = seen.icmp6 else {
        panic!("{seen:?}")
    };
    assert_eq!(
        (echo.id, echo.seq, &seen.payload[..]),
        (7, 9, &b"some data"[..])
    );
}

#[test]
fn a_stray_acknowledgement_is_reset_with_the_number_that_it_expects() {
    let mut appliance = appliance();
    let seen = appliance.send(tcp(CLIENT, VIP, "A")).replied();
    assert_eq!(seen.endpoints(), (addr(VIP), addr(CLIENT)));
    let header = seen.tcp.as_ref().unwrap();
    assert_eq!(
        (seen.flags().as_str(), header.sequence_number),
        ("R", 77_000)
    );
    assert_eq!(appliance.worker.stats().replies.reset_stray.total(), 1);
    assert_eq!(appliance.table.connections(appliance.now).count(), 0);
}

#[test]
fn a_syn_to_a_port_without_a_service_is_reset_and_acknowledged() {
    for (from, to) in [(CLIENT, "10.1.0.100:81"), (CLIENT6, "[2001:db8:1::100]:81")] {
        let mut appliance = appliance();
        let syn = Segment {
            from: addr(from),
            to: addr(to),
            flags: "S",
            ttl: 64,
            payload: b"xyz",
        };
        let seen = appliance.send(syn.frame()).replied();
        assert_eq!(seen.endpoints(), (addr(to), addr(from)));
        assert_eq!(seen.flags(), "AR");
        assert_eq!(seen.tcp.unwrap().acknowledgment_number, 1_000 + 1 + 3);
        assert_eq!(appliance.worker.stats().replies.reset_no_service.total(), 1);
    }
}

#[test]
fn a_service_without_a_usable_real_says_so_as_linux_does() {
    let payload: &'static [u8] = &[7; 1_000];
    let syn = Segment {
        from: addr(CLIENT),
        to: addr("10.1.0.100:443"),
        flags: "S",
        ttl: 64,
        payload,
    };
    let mut appliance = appliance();
    let frame = syn.frame();
    let original = frame[14..].to_vec();
    let seen = appliance.send(frame).replied();
    assert!(
        matches!(seen.icmp4, Some(Icmpv4Type::DestinationUnreachable(_))),
        "{seen:?}"
    );
    assert_eq!(
        (seen.source, seen.destination),
        (addr(VIP).ip(), addr(CLIENT).ip())
    );
    assert_eq!((seen.ttl, seen.class), (64, 0xc0));
    assert_eq!(seen.payload, original[..576 - 28]);
    assert_eq!(appliance.worker.stats().replies.no_usable_real.total(), 1);

    let syn = Segment {
        from: addr(CLIENT6),
        to: addr(VIP6),
        ..syn
    };
    let frame = syn.frame();
    let original = frame[14..].to_vec();
    let seen = appliance.send(frame).replied();
    let Some(Icmpv6Type::DestinationUnreachable(code)) = seen.icmp6 else {
        panic!("{seen:?}")
    };
    assert_eq!(code, etherparse::icmpv6::DestUnreachableCode::Port);
    assert_eq!(seen.payload, original);
}

#[test]
fn an_ipv6_error_is_no_longer_than_1280_bytes() {
    let payload: &'static [u8] = &[7; 1_400];
    let syn = Segment {
        from: addr(CLIENT6),
        to: addr(VIP6),
        flags: "S",
        ttl: 64,
        payload,
    };
    let Out::Reply(frame) = appliance().send(syn.frame()) else {
        panic!("no reply")
    };
    assert_eq!(frame.len(), 14 + 1_280);
    super::support::see(&frame);
}

#[test]
fn a_datagram_to_a_virtual_address_is_unreachable() {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(PEER.0, MAC.0)
        .ipv4([198, 51, 100, 7], [10, 1, 0, 100], 64)
        .udp(5_000, 53)
        .write(&mut frame, b"query")
        .unwrap();
    let original = frame[14..].to_vec();
    let seen = appliance().send(frame).replied();
    assert!(
        matches!(seen.icmp4, Some(Icmpv4Type::DestinationUnreachable(_))),
        "{seen:?}"
    );
    assert_eq!(seen.payload, original);
}

#[test]
fn a_packet_whose_ttl_ends_here_is_answered_and_enters_nothing() {
    let mut appliance = appliance();
    let syn = Segment {
        from: addr(CLIENT),
        to: addr(VIP),
        flags: "S",
        ttl: 1,
        payload: b"",
    };
    let seen = appliance.send(syn.frame()).replied();
    assert!(
        matches!(seen.icmp4, Some(Icmpv4Type::TimeExceeded(_))),
        "{seen:?}"
    );
    assert_eq!(
        (seen.source, seen.destination),
        (addr(VIP).ip(), addr(CLIENT).ip())
    );
    assert_eq!(appliance.table.connections(appliance.now).count(), 0);

    appliance.send(tcp(CLIENT, VIP, "S")).forwarded();
    let reply = Segment {
        from: addr("10.2.0.11:80"),
        to: addr(CLIENT),
        flags: "SA",
        ttl: 1,
        payload: b"",
    };
    let seen = appliance.send(reply.frame()).replied();
    assert!(
        matches!(seen.icmp4, Some(Icmpv4Type::TimeExceeded(_))),
        "{seen:?}"
    );
    assert_eq!(
        (seen.source, seen.destination),
        (addr(VIP).ip(), addr("10.2.0.11:80").ip())
    );
}

#[test]
fn replies_stay_in_the_vlan_of_the_request() {
    let mut frame = tcp(CLIENT, VIP, "A");
    frame.splice(12..12, [0x81, 0x00, 0x60, 0x0a]);
    let Out::Reply(reply) = appliance().send(frame) else {
        panic!("no reply")
    };
    let packet = PacketHeaders::from_ethernet_slice(&reply).unwrap();
    assert_eq!(packet.vlan_ids()[0].value(), 10);
    assert_eq!(reply[12..18], [0x81, 0x00, 0x60, 0x0a, 0x08, 0x00]);
}
