//! Whatever comes in: no panic, no wrong checksum, no write past the packet.

use std::vec::Vec;

use proptest::prelude::*;
use wire::checksum::{ipv4_header_valid, transport_valid};
use wire::headers::{Headers, Net};

use super::support::{Appliance, Out, Segment, addr, service};
use crate::Method;

const NAT: &str = "10.1.0.100:80";
const DR: &str = "10.1.0.101:80";
const NAT6: &str = "[2001:db8:1::100]:80";
const REALS: [&str; 2] = ["10.2.0.11:8080", "10.2.0.12:8080"];
const REAL6: &str = "[2001:db8:2::11]:8080";

/// What follows the packet in its frame.
const PADDING: [u8; 5] = [0xee; 5];

fn appliance() -> Appliance {
    Appliance::new(
        [
            service(Method::Nat, NAT, &[(REALS[0], 1), (REALS[1], 2)]),
            service(Method::Dr, DR, &[("10.1.0.11:80", 1)]),
            service(Method::Nat, NAT6, &[(REAL6, 1)]),
        ]
        .into(),
    )
}

fn segments() -> impl Strategy<Value = Segment> {
    let hosts = prop::sample::select(Vec::from([NAT, DR, REALS[0], REALS[1], "10.1.0.100:81"]));
    let hosts6 = prop::sample::select(Vec::from([NAT6, REAL6, "[2001:db8:1::100]:81"]));
    let ports = 40_000..40_004_u16;
    let v4 = (hosts, ports.clone())
        .prop_map(|(host, port)| (addr(host), addr(&std::format!("198.51.100.7:{port}"))));
    let v6 = (hosts6, ports)
        .prop_map(|(host, port)| (addr(host), addr(&std::format!("[2001:db8:9::7]:{port}"))));
    let flags = prop::sample::select(Vec::from(["S", "SA", "A", "FA", "R", "AP", ""]));
    let payload = prop::sample::select(Vec::from([&b""[..], b"x", b"some more"]));
    (prop_oneof![v4, v6], any::<bool>(), flags, 1..4_u8, payload).prop_map(
        |((host, client), forth, flags, ttl, payload)| {
            let (from, to) = if forth {
                (client, host)
            } else {
                (host, client)
            };
            Segment {
                from,
                to,
                flags,
                ttl,
                payload,
            }
        },
    )
}

/// Every checksum of a frame is right.
fn check(frame: &[u8]) {
    let headers = Headers::parse(frame).unwrap();
    assert!(transport_valid(frame, &headers), "{headers:?}");
    if let Net::V4(ip) = headers.net {
        assert!(ipv4_header_valid(&frame[headers.l3..ip.l4]));
    }
}

proptest! {
    #[test]
    fn checksums_stay_right_through_any_conversation(
        conversation in prop::collection::vec((segments(), 0..200_u64), 1..60),
    ) {
        let mut appliance = appliance();
        for (segment, pause) in conversation {
            appliance.pass(pause);
            let padded = [&segment.frame()[..], &PADDING].concat();
            match appliance.send(padded) {
                Out::Forward(_, frame) => {
                    check(&frame);
                    prop_assert!(frame.ends_with(&PADDING));
                }
                Out::Reply(frame) => check(&frame),
                Out::NotMine | Out::Drop(_) => {}
            }
        }
        let status = appliance.director.status(&appliance.table);
        let load: u32 = status.iter().flat_map(|service| &service.reals)
            .map(|real| real.active + real.inactive).sum();
        appliance.pass(10_000);
        let swept = appliance.table.sweep(appliance.now, usize::MAX / 2);
        prop_assert_eq!(swept.removed, usize::try_from(load).unwrap());
        prop_assert_eq!(appliance.table.counters().held, 0);
    }

    #[test]
    fn no_frame_panics(
        segment in segments(),
        damage in prop::collection::vec((0..120_usize, any::<u8>()), 0..6),
        cut in 0..120_usize,
        room in 0..120_usize,
    ) {
        let mut appliance = appliance();
        appliance.reply_room = room;
        let mut frame = segment.frame();
        appliance.send(frame.clone());
        for (at, byte) in damage {
            let at = at % frame.len();
            frame[at] = byte;
        }
        if let Ok(headers) = Headers::parse(&frame) {
            appliance.send_with(&mut frame, &headers);
            // Headers of a longer frame: a fault of the host's, and still no panic.
            frame.truncate(cut);
            appliance.send_with(&mut frame, &headers);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..4_usize) {
        let kinds = [[8, 0], [8, 6], [0x86, 0xdd], [0x81, 0]];
        let mut frame = [&[2; 12][..], &kinds[kind], &bytes].concat();
        if let Ok(headers) = Headers::parse(&frame) {
            appliance().send_with(&mut frame, &headers);
        }
    }
}
