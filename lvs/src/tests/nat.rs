//! NAT: both directions, both families.

use super::support::{Appliance, MAC, Out, PEER, Segment, addr, service, tcp};
use crate::Method;

const VIP: &str = "10.1.0.100:80";
const REAL: &str = "10.2.0.11:8080";
const CLIENT: &str = "198.51.100.7:40000";
const VIP6: &str = "[2001:db8:1::100]:80";
const REAL6: &str = "[2001:db8:2::11]:8080";
const CLIENT6: &str = "[2001:db8:9::7]:40000";

fn appliance() -> Appliance {
    Appliance::new(
        [
            service(Method::Nat, VIP, &[(REAL, 1)]),
            service(Method::Nat, VIP6, &[(REAL6, 1)]),
        ]
        .into(),
    )
}

#[track_caller]
fn both_ways(client: &str, vip: &str, real: &str) {
    let mut appliance = appliance();
    let (next_hop, seen) = appliance.send(tcp(client, vip, "S")).forwarded();
    assert_eq!(next_hop, addr(real).ip());
    assert_eq!(seen.endpoints(), (addr(client), addr(real)));
    assert_eq!((seen.ttl, seen.flags().as_str()), (63, "S"));

    let (next_hop, seen) = appliance.send(tcp(real, client, "SA")).forwarded();
    assert_eq!(next_hop, addr(client).ip());
    assert_eq!(seen.endpoints(), (addr(vip), addr(client)));
    assert_eq!((seen.ttl, seen.flags().as_str()), (63, "SA"));

    let data = Segment {
        from: addr(client),
        to: addr(vip),
        flags: "AP",
        ttl: 9,
        payload: b"GET / HTTP/1.1\r\n\r",
    };
    let (_, seen) = appliance.send(data.frame()).forwarded();
    assert_eq!((seen.ttl, &seen.payload[..]), (8, data.payload));
    assert_eq!(seen.endpoints().1, addr(real));
}

#[test]
fn request_and_reply_are_translated_over_ipv4() {
    both_ways(CLIENT, VIP, REAL);
}

#[test]
fn request_and_reply_are_translated_over_ipv6() {
    both_ways(CLIENT6, VIP6, REAL6);
}

#[test]
fn the_frames_mac_addresses_are_the_hosts_business() {
    let (_, seen) = appliance().send(tcp(CLIENT, VIP, "S")).forwarded();
    assert_eq!((seen.source_mac, seen.destination_mac), (PEER, MAC));
}

#[test]
fn a_vlan_tag_stays_where_it_is() {
    let mut frame = tcp(CLIENT, VIP, "S");
    frame.splice(12..12, [0x81, 0x00, 0x00, 0x0a]);
    let Out::Forward(_, out) = appliance().send(frame) else {
        panic!("not forwarded")
    };
    assert_eq!(out[12..18], [0x81, 0x00, 0x00, 0x0a, 0x08, 0x00]);
    let untagged = [&out[..12], &out[16..]].concat();
    assert_eq!(super::support::see(&untagged).endpoints().1, addr(REAL));
}

#[test]
fn what_a_real_sends_of_its_own_accord_is_the_kernels() {
    let mut appliance = appliance();
    assert_eq!(appliance.send(tcp(REAL, CLIENT, "S")), Out::NotMine);
    assert_eq!(
        appliance.send(tcp("10.2.0.11:33000", "203.0.113.5:443", "S")),
        Out::NotMine
    );
}

#[test]
fn a_damaged_segment_stays_damaged() {
    let mut appliance = appliance();
    let mut frame = tcp(CLIENT, VIP, "S");
    let last = frame.len() - 2;
    frame[last] ^= 0x40;
    let Out::Forward(_, frame) = appliance.send(frame) else {
        panic!("not forwarded")
    };
    let headers = wire::headers::Headers::parse(&frame).unwrap();
    assert!(!wire::checksum::transport_valid(&frame, &headers));
}

#[test]
fn traffic_of_others_is_the_kernels() {
    let mut appliance = appliance();
    assert_eq!(
        appliance.send(tcp(CLIENT, "10.1.0.101:80", "S")),
        Out::NotMine
    );
    assert_eq!(
        appliance.send(tcp(CLIENT6, "[2001:db8:1::101]:80", "S")),
        Out::NotMine
    );
}

#[test]
fn counters_say_what_each_real_was_sent_and_sent_back() {
    let mut appliance = appliance();
    appliance.send(tcp(CLIENT, VIP, "S"));
    appliance.send(tcp(REAL, CLIENT, "SA"));
    appliance.send(tcp(CLIENT, VIP, "A"));
    let status = appliance.status();
    let [real] = &status.reals[..] else {
        panic!("one real")
    };
    assert_eq!(
        (
            real.totals.connections,
            real.totals.in_packets,
            real.totals.in_bytes
        ),
        (1, 2, 80)
    );
    assert_eq!((real.totals.out_packets, real.totals.out_bytes), (1, 40));
    assert_eq!((real.active, real.inactive), (1, 0));
    assert_eq!(status.totals, real.totals);
}

#[test]
fn a_reply_to_a_group_mac_address_is_not_forwarded() {
    let mut appliance = appliance();
    for (client, vip, real) in [(CLIENT, VIP, REAL), (CLIENT6, VIP6, REAL6)] {
        appliance.send(tcp(client, vip, "S")).forwarded();
        let mut flooded = tcp(real, client, "SA");
        flooded[..6].fill(0xff);
        let out = appliance.send(flooded);
        assert_eq!(out, Out::Drop(crate::DropReason::GroupMac), "{client}");
    }
}
