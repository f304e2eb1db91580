//! One frame for each reason, counted.

use std::vec::Vec;

use etherparse::PacketBuilder;
use wire::headers::Headers;

use super::answers::{arp, icmp6, solicitation};
use super::support::{Appliance, MAC, Out, PEER, Segment, addr, service, tcp};
use crate::limiter::BURST;
use crate::{DropReason, Method};

const VIP: &str = "10.1.0.100:80";
const OTHER: &str = "10.1.0.100:81";
const REAL: &str = "10.2.0.11:80";
const CLIENT: &str = "198.51.100.7:40000";

fn appliance() -> Appliance {
    Appliance::new(
        [
            service(Method::Nat, VIP, &[(REAL, 1)]),
            service(Method::Nat, OTHER, &[(REAL, 1)]),
            service(Method::Nat, "[2001:db8:1::100]:80", &[]),
        ]
        .into(),
    )
}

fn ip_protocol(protocol: u8) -> Vec<u8> {
    let mut frame = tcp(CLIENT, VIP, "S");
    frame[23] = protocol;
    mend(frame)
}

/// Makes the IPv4 header's checksum right again.
fn mend(mut frame: Vec<u8>) -> Vec<u8> {
    frame[24..26].copy_from_slice(&[0, 0]);
    let check = wire::checksum::ones_complement(&frame[14..34]);
    frame[24..26].copy_from_slice(&check.to_be_bytes());
    frame
}

fn echo_reply() -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(PEER.0, MAC.0)
        .ipv4([198, 51, 100, 7], [10, 1, 0, 100], 64)
        .icmpv4_echo_reply(1, 1)
        .write(&mut frame, b"")
        .unwrap();
    frame
}

/// Brings about a drop for this reason by the last of the frames.
fn provoke(appliance: &mut Appliance, reason: DropReason) -> Out {
    match reason {
        DropReason::AddressConflict => appliance.send(arp(2, [10, 1, 0, 100], [10, 1, 0, 100])),
        DropReason::BadHeaderChecksum => {
            let mut frame = tcp(CLIENT, VIP, "S");
            frame[24] ^= 1;
            appliance.send(frame)
        }
        DropReason::BadSolicitation => {
            let body = solicitation("2001:db8:1::100", true);
            appliance.send(icmp6("fe80::1", "ff02::1:ff00:100", 64, 135, 0, &body))
        }
        DropReason::Fragment => {
            let mut frame = tcp(CLIENT, VIP, "S");
            frame[20..22].copy_from_slice(&[0x20, 0]);
            appliance.send(mend(frame))
        }
        DropReason::GroupMac => {
            let mut frame = tcp(CLIENT, VIP, "S");
            frame[..6].copy_from_slice(&[0xff; 6]);
            appliance.send(frame)
        }
        DropReason::IcmpIgnored => appliance.send(echo_reply()),
        DropReason::Malformed => {
            let mut frame = tcp(CLIENT, VIP, "S");
            let headers = Headers::parse(&frame).unwrap();
            frame.truncate(40);
            appliance.send_with(&mut frame, &headers)
        }
        DropReason::MartianSource => appliance.send(tcp("127.0.0.1:40000", VIP, "S")),
        DropReason::NatConflict => {
            appliance.send(tcp(CLIENT, VIP, "S")).forwarded();
            appliance.send(tcp(CLIENT, OTHER, "S"))
        }
        DropReason::NotActive => {
            appliance.put_in_router(super::routers::router(&["10.1.0.100"]));
            appliance.send(tcp(CLIENT, VIP, "S"))
        }
        DropReason::ProtocolUnsupported => appliance.send(ip_protocol(132)),
        DropReason::RateLimited => {
            for _ in 0..BURST {
                appliance.send(tcp(CLIENT, VIP, "A")).replied();
            }
            appliance.send(tcp(CLIENT, VIP, "A"))
        }
        DropReason::ReplyTooLong => {
            appliance.reply_room = 40;
            appliance.send(tcp(CLIENT, VIP, "A"))
        }
        DropReason::StrayReset => appliance.send(tcp(CLIENT, VIP, "R")),
        DropReason::TableBusy => appliance.send_while_locked(tcp(CLIENT, VIP, "S")),
        DropReason::TtlExpired => {
            appliance.send(tcp(CLIENT, VIP, "S")).forwarded();
            let quoted = tcp(VIP, CLIENT, "SA");
            appliance.send(super::icmp_errors::error("203.0.113.1", VIP, 1, &quoted))
        }
    }
}

#[test]
fn every_reason_has_its_frame_and_its_counter() {
    for reason in DropReason::ALL {
        let mut appliance = appliance();
        assert_eq!(provoke(&mut appliance, reason), Out::Drop(reason));
        for other in DropReason::ALL {
            assert_eq!(
                appliance.drops(other),
                u64::from(other == reason),
                "{other} by {reason}"
            );
        }
    }
}

#[test]
fn reasons_are_in_the_order_of_their_index_and_have_names_of_their_own() {
    let names: std::collections::BTreeSet<_> =
        DropReason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(names.len(), DropReason::ALL.len());
    for (index, reason) in DropReason::ALL.iter().enumerate() {
        assert_eq!(reason.index(), index);
    }
}

#[test]
fn a_reset_is_never_answered_by_a_reset() {
    let mut appliance = appliance();
    for flags in ["R", "RA"] {
        assert_eq!(
            appliance.send(tcp(CLIENT, VIP, flags)),
            Out::Drop(DropReason::StrayReset)
        );
        let port = tcp(CLIENT, "10.1.0.100:9", flags);
        assert_eq!(appliance.send(port), Out::Drop(DropReason::StrayReset));
    }
}

#[test]
fn martians_get_no_answer() {
    for source in [
        "0.0.0.1:9",
        "224.0.0.1:9",
        "255.255.255.255:9",
        "10.1.0.100:9",
    ] {
        for to in [VIP, "10.1.0.100:9"] {
            let out = appliance().send(tcp(source, to, "S"));
            assert_eq!(
                out,
                Out::Drop(DropReason::MartianSource),
                "{source} to {to}"
            );
        }
    }
}

#[test]
fn an_ipv4_mapped_source_does_not_reach_an_ipv4_service() {
    let out = appliance().send(tcp(
        "[::ffff:198.51.100.7]:40000",
        "[::ffff:10.1.0.100]:80",
        "S",
    ));
    assert_eq!(out, Out::NotMine);
}

#[test]
fn solicitations_that_break_a_rule_are_not_answered() {
    let good = solicitation("2001:db8:1::100", true);
    let bare = solicitation("2001:db8:1::100", false);
    let cut = [&good[..], &[1, 0]].concat();
    let node = "ff02::1:ff00:100";
    let cases = [
        icmp6("fe80::1", node, 254, 135, 0, &good),
        icmp6("fe80::1", node, 255, 135, 1, &good),
        icmp6("::", node, 255, 135, 0, &good),
        icmp6("::", "2001:db8:1::100", 255, 135, 0, &bare),
        icmp6("fe80::1", node, 255, 135, 0, &cut),
    ];
    for frame in cases {
        assert_eq!(
            appliance().send(frame),
            Out::Drop(DropReason::BadSolicitation)
        );
    }
    let mut damaged = icmp6("fe80::1", node, 255, 135, 0, &good);
    damaged[56] ^= 1;
    assert_eq!(
        appliance().send(damaged),
        Out::Drop(DropReason::BadSolicitation)
    );
}

#[test]
fn a_station_that_speaks_for_a_virtual_address_is_a_conflict() {
    let body = solicitation("2001:db8:1::100", false);
    let frame = icmp6("fe80::1", "ff02::1", 255, 136, 0, &body);
    assert_eq!(
        appliance().send(frame),
        Out::Drop(DropReason::AddressConflict)
    );
    let body = solicitation("2001:db8:1::100", true);
    let frame = icmp6("2001:db8:1::100", "ff02::1:ff00:100", 255, 135, 0, &body);
    assert_eq!(
        appliance().send(frame),
        Out::Drop(DropReason::AddressConflict)
    );
}

#[test]
fn a_fragment_of_a_reply_does_not_leak_the_reals_address() {
    let mut frame = tcp(REAL, CLIENT, "A");
    frame[20..22].copy_from_slice(&[0x20, 0]);
    assert_eq!(
        appliance().send(mend(frame)),
        Out::Drop(DropReason::Fragment)
    );
}

#[test]
fn the_limit_on_errors_does_not_touch_connections() {
    let mut appliance = appliance();
    for _ in 0..2 * BURST {
        appliance.send(tcp(CLIENT, VIP, "A"));
    }
    assert_eq!(appliance.drops(DropReason::RateLimited), BURST);
    let data = Segment {
        from: addr(CLIENT),
        to: addr(VIP),
        flags: "S",
        ttl: 64,
        payload: b"",
    };
    appliance.send(data.frame()).forwarded();
}
