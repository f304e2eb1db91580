//! ICMP errors about connections, both ways.

use std::net::{IpAddr, SocketAddr};
use std::vec::Vec;

use etherparse::PacketBuilder;
use wire::headers::{Headers, Transport};

use super::routers::router;
use super::support::{Appliance, MAC, Out, PEER, addr, see, service, tcp};
use crate::{DropReason, Method, Router};

const CLIENT: &str = "198.51.100.7:40000";
const VIP: &str = "10.1.0.100:80";
const REAL: &str = "10.2.0.11:8080";
const DR_VIP: &str = "10.1.0.101:80";
const DR_REAL: &str = "10.1.0.12:80";
const CLIENT6: &str = "[2001:db8:9::7]:40000";
const VIP6: &str = "[2001:db8:1::100]:80";
const REAL6: &str = "[2001:db8:2::11]:8080";

fn appliance() -> Appliance {
    let mut appliance = Appliance::new(
        [
            service(Method::Nat, VIP, &[(REAL, 1)]),
            service(Method::Nat, VIP6, &[(REAL6, 1)]),
            service(Method::Dr, DR_VIP, &[(DR_REAL, 1)]),
        ]
        .into(),
    );
    for (client, vip) in [(CLIENT, VIP), (CLIENT6, VIP6), (CLIENT, DR_VIP)] {
        appliance.send(tcp(client, vip, "S")).forwarded();
    }
    appliance
}

/// An error about a frame's packet: 3/4 over IPv4, packet too big over IPv6.
pub fn error(from: &str, to: &str, ttl: u8, about: &[u8]) -> Vec<u8> {
    let from: IpAddr = from.parse().unwrap();
    let to = addr(to).ip();
    let about = &about[14..];
    let mut frame = Vec::new();
    let ethernet = PacketBuilder::ethernet2(PEER.0, MAC.0);
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => ethernet
            .ipv4(from.octets(), to.octets(), ttl)
            .icmpv4_raw(3, 4, [0, 0, 5, 120])
            .write(&mut frame, about),
        (IpAddr::V6(from), IpAddr::V6(to)) => ethernet
            .ipv6(from.octets(), to.octets(), ttl)
            .icmpv6_raw(2, 0, [0, 0, 5, 120])
            .write(&mut frame, about),
        _ => panic!("mixed families"),
    }
    .unwrap();
    frame
}

/// The endpoints of the packet that an error quotes.
fn quoted(seen: &super::support::Seen) -> (SocketAddr, SocketAddr) {
    let kind: [u8; 2] = if seen.source.is_ipv4() {
        [8, 0]
    } else {
        [0x86, 0xdd]
    };
    let frame = [&[0; 12][..], &kind, &seen.payload].concat();
    let headers = Headers::parse(&frame).unwrap();
    if seen.source.is_ipv4() {
        assert!(wire::checksum::ipv4_header_valid(&frame[14..34]));
    }
    let Some(Transport::Tcp {
        source,
        destination,
        ..
    }) = headers.transport()
    else {
        panic!("{headers:?}")
    };
    match headers.net {
        wire::headers::Net::V4(ip) => (
            (ip.source, source).into(),
            (ip.destination, destination).into(),
        ),
        wire::headers::Net::V6(ip) => (
            (ip.source, source).into(),
            (ip.destination, destination).into(),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_about_a_reply_reaches_the_real_in_its_own_terms() {
    for (router, client, vip, real) in [
        ("203.0.113.1", CLIENT, VIP, REAL),
        ("2001:db8:ffff::1", CLIENT6, VIP6, REAL6),
    ] {
        let frame = error(router, vip, 60, &tcp(vip, client, "SA"));
        let (next_hop, seen) = appliance().send(frame).forwarded();
        assert_eq!(
            (next_hop, seen.destination, seen.ttl),
            (addr(real).ip(), addr(real).ip(), 59)
        );
        assert_eq!(seen.source, router.parse::<IpAddr>().unwrap());
        assert_eq!(quoted(&seen), (addr(real), addr(client)));
    }
}

#[test]
fn an_error_about_a_request_reaches_the_client_in_its_own_terms() {
    for (client, vip, real) in [(CLIENT, VIP, REAL), (CLIENT6, VIP6, REAL6)] {
        let from = std::format!("{}", addr(real).ip());
        let frame = error(&from, client, 60, &tcp(client, real, "S"));
        let (next_hop, seen) = appliance().send(frame).forwarded();
        assert_eq!(
            (next_hop, seen.destination, seen.ttl),
            (addr(client).ip(), addr(client).ip(), 59)
        );
        assert_eq!(seen.source, addr(vip).ip());
        assert_eq!(quoted(&seen), (addr(client), addr(vip)));
    }
}

#[test]
fn an_error_about_a_reply_of_a_dr_real_goes_to_that_real_as_it_is() {
    let frame = error("203.0.113.1", DR_VIP, 60, &tcp(DR_VIP, CLIENT, "SA"));
    let (next_hop, seen) = appliance().send(frame).forwarded();
    assert_eq!(
        (next_hop, seen.destination),
        (addr(DR_REAL).ip(), addr(DR_VIP).ip())
    );
    assert_eq!(quoted(&seen), (addr(DR_VIP), addr(CLIENT)));
}

#[test]
fn an_error_with_no_more_than_eight_bytes_of_the_segment_is_translated() {
    let about = &tcp(VIP, CLIENT, "SA")[..14 + 28];
    let Out::Forward(_, frame) = appliance().send(error("203.0.113.1", VIP, 60, about)) else {
        panic!("not forwarded")
    };
    assert_eq!(see(&frame).payload[20..22], 8080_u16.to_be_bytes());
}

#[test]
fn errors_about_no_connection_are_ignored_at_a_virtual_address_and_else_the_kernels() {
    let mut appliance = appliance();
    let stranger = "198.51.100.8:40000";
    let to_vip = error("203.0.113.1", VIP, 60, &tcp(VIP, stranger, "SA"));
    assert_eq!(appliance.send(to_vip), Out::Drop(DropReason::IcmpIgnored));
    let forged = error("203.0.113.1", VIP, 60, &tcp(DR_VIP, CLIENT, "SA"));
    assert_eq!(appliance.send(forged), Out::Drop(DropReason::IcmpIgnored));
    let to_client = error("10.2.0.11", stranger, 60, &tcp(stranger, REAL, "S"));
    assert_eq!(appliance.send(to_client), Out::NotMine);
    let other = error("10.2.0.11", CLIENT, 60, &tcp(CLIENT, "10.2.0.11:22", "S"));
    assert_eq!(appliance.send(other), Out::NotMine);
}

#[test]
fn errors_to_an_address_of_the_kernels_own_reach_the_real_or_else_the_kernel() {
    let mut appliance = appliance();
    appliance.put_in_router(Router {
        is_owner: true,
        ..router(&["10.1.0.100"])
    });
    appliance.be_active(3);
    let about = |client: &str| error("203.0.113.1", VIP, 60, &tcp(VIP, client, "SA"));
    let (next_hop, _) = appliance.send(about(CLIENT)).forwarded();
    assert_eq!(next_hop, addr(REAL).ip());
    assert_eq!(appliance.send(about("198.51.100.8:40000")), Out::NotMine);
    appliance.pass(3);
    let late = appliance.send(about(CLIENT));
    assert_eq!(late, Out::Drop(DropReason::NotActive));
}
