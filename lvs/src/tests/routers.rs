//! Virtual addresses of a virtual router: answered for while it is Active here, and only then.

use std::vec::Vec;

use etherparse::{Icmpv6Type, PacketBuilder};
use wire::Mac;

use super::answers::{arp, icmp6, solicitation};
use super::support::{Appliance, MAC, Out, PEER, addr, see, service, tcp};
use crate::{DropReason, Method, Router};

const VMAC: Mac = Mac([0, 0, 0x5e, 0, 1, 0x77]);
const VIP: &str = "10.1.0.100:80";
const GATEWAY: &str = "10.2.0.1";
const GATEWAY6: &str = "2001:db8:2::1";
const REAL: &str = "10.2.0.11:80";
const CLIENT: &str = "198.51.100.7:40000";

/// A router whose lease is the first one.
pub fn router(addresses: &[&str]) -> Router {
    let addresses = addresses.iter().map(|text| text.parse().unwrap());
    Router {
        mac: VMAC,
        lease: 0,
        addresses: addresses.collect(),
        is_owner: false,
    }
}

fn appliance() -> Appliance {
    let mut appliance = Appliance::new([service(Method::Nat, VIP, &[(REAL, 1)])].into());
    appliance.put_in_router(router(&["10.1.0.100", GATEWAY, GATEWAY6]));
    appliance
}

fn active() -> Appliance {
    let mut appliance = appliance();
    appliance.be_active(3);
    appliance
}

fn ping(address: &str) -> Vec<u8> {
    let std::net::IpAddr::V4(address) = address.parse().unwrap() else {
        panic!("IPv4")
    };
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(PEER.0, VMAC.0)
        .ipv4([198, 51, 100, 7], address.octets(), 64)
        .icmpv4_echo_request(1, 1)
        .write(&mut frame, b"")
        .unwrap();
    frame
}

fn solicit() -> Vec<u8> {
    let body = solicitation(GATEWAY6, true);
    icmp6("fe80::1", "ff02::1:ff00:1", 255, 135, 0, &body)
}

#[test]
fn a_request_is_served_while_active_and_dropped_otherwise() {
    let mut appliance = active();
    appliance.send(tcp(CLIENT, VIP, "S")).forwarded();
    appliance.pass(2);
    appliance.send(tcp(CLIENT, VIP, "A")).forwarded();
    appliance.pass(1);
    let late = appliance.send(tcp(CLIENT, VIP, "A"));
    assert_eq!(
        late,
        Out::Drop(DropReason::NotActive),
        "the lease has run out"
    );
}

#[test]
fn arp_is_answered_with_the_virtual_mac_while_active_and_not_at_all_otherwise() {
    let request = || arp(1, [10, 2, 0, 11], [10, 2, 0, 1]);
    let Out::Reply(frame) = active().send(request()) else {
        panic!("no reply")
    };
    assert_eq!((&frame[6..12], &frame[22..28]), (&VMAC.0[..], &VMAC.0[..]));
    assert_eq!(
        appliance().send(request()),
        Out::Drop(DropReason::NotActive)
    );
}

#[test]
fn a_solicitation_is_answered_with_the_virtual_mac_while_active_and_not_at_all_otherwise() {
    let Out::Reply(frame) = active().send(solicit()) else {
        panic!("no reply")
    };
    assert_eq!(see(&frame).source_mac, VMAC);
    assert!(
        frame
            .windows(8)
            .any(|option| option == [&[2, 1][..], &VMAC.0].concat())
    );
    let Some(Icmpv6Type::NeighborAdvertisement(flags)) = see(&frame).icmp6 else {
        panic!("{frame:?}")
    };
    assert!(flags.router && flags.solicited && flags.r#override);
    assert_eq!(
        appliance().send(solicit()),
        Out::Drop(DropReason::NotActive)
    );
}

#[test]
fn a_gateways_address_answers_ping_while_active() {
    let seen = active().send(ping(GATEWAY)).replied();
    assert_eq!(
        (seen.source_mac, seen.source),
        (VMAC, addr("10.2.0.1:1").ip())
    );
    assert_eq!(
        appliance().send(ping(GATEWAY)),
        Out::Drop(DropReason::NotActive)
    );
}

#[test]
fn the_address_owners_kernel_gets_what_is_for_its_address_but_no_arp() {
    let own = || {
        let mut appliance = Appliance::new(Vec::new());
        appliance.put_in_router(Router {
            is_owner: true,
            ..router(&[GATEWAY])
        });
        appliance
    };
    let mut active = own();
    active.be_active(3);
    assert_eq!(active.send(ping(GATEWAY)), Out::NotMine);
    let request = || arp(1, [10, 2, 0, 11], [10, 2, 0, 1]);
    assert!(matches!(active.send(request()), Out::Reply(_)));
    for frame in [ping(GATEWAY), request()] {
        assert_eq!(own().send(frame), Out::Drop(DropReason::NotActive));
    }
}

#[test]
fn another_box_that_is_active_may_announce_and_use_the_addresses() {
    let announcement = || arp(1, [10, 2, 0, 1], [10, 2, 0, 1]);
    assert_eq!(appliance().send(announcement()), Out::NotMine);
    let conflict = active().send(announcement());
    assert_eq!(
        conflict,
        Out::Drop(DropReason::AddressConflict),
        "by a MAC of its own"
    );
    let mut by_the_virtual_mac = announcement();
    by_the_virtual_mac[22..28].copy_from_slice(&VMAC.0);
    assert_eq!(active().send(by_the_virtual_mac), Out::NotMine);
}

#[test]
fn once_another_box_is_active_what_still_comes_is_served_and_nothing_said_by_the_virtual_mac() {
    let mut fading = active();
    fading.leases[1].store(0, std::sync::atomic::Ordering::Relaxed);
    fading.send(tcp(CLIENT, VIP, "S")).forwarded();
    let seen = fading.send(ping(GATEWAY)).replied();
    assert_eq!(seen.source_mac, MAC, "the bond's own");
    for question in [arp(1, [10, 2, 0, 11], [10, 2, 0, 1]), solicit()] {
        assert_eq!(fading.send(question), Out::Drop(DropReason::NotActive));
    }
    let announcement = arp(1, [10, 2, 0, 1], [10, 2, 0, 1]);
    assert_eq!(fading.send(announcement), Out::NotMine);
}

#[test]
fn on_another_link_the_virtual_mac_is_neither_told_nor_used() {
    let mut elsewhere = active();
    elsewhere.link = (2, 4);
    for frame in [arp(1, [10, 2, 0, 11], [10, 2, 0, 1]), solicit()] {
        assert_eq!(elsewhere.send(frame), Out::NotMine);
    }
    assert_eq!(elsewhere.send(ping(GATEWAY)).replied().source_mac, MAC);
    let reset = elsewhere.send(tcp(CLIENT, "10.1.0.100:81", "S")).replied();
    assert_eq!(reset.source_mac, MAC);
    elsewhere.send(tcp(CLIENT, VIP, "S")).forwarded();
    let mut by_the_virtual_mac = arp(1, [10, 2, 0, 1], [10, 2, 0, 1]);
    by_the_virtual_mac[22..28].copy_from_slice(&VMAC.0);
    assert_eq!(elsewhere.send(by_the_virtual_mac), Out::NotMine);
}

#[test]
fn an_address_in_no_router_is_always_answered_for() {
    let mut appliance = Appliance::new([service(Method::Nat, VIP, &[(REAL, 1)])].into());
    appliance.put_in_router(router(&[GATEWAY]));
    appliance.send(tcp(CLIENT, VIP, "S")).forwarded();
}

#[test]
fn a_snapshot_knows_its_routers_by_mac_and_lease() {
    let snapshot = appliance().director.snapshot();
    assert!(snapshot.has_router(VMAC, 0));
    assert!(!snapshot.has_router(VMAC, 1), "another bond's");
    assert!(!snapshot.has_router(PEER, 0));
}
