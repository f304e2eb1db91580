//! Frames as they leave, against keepalived's and against a parser that is not ours.

use alloc::string::ToString;
use alloc::vec;
use core::net::IpAddr;

use wire::Mac;
use wire::checksum::transport_valid;
use wire::headers::{ArpInfo, Headers, Net};
use wire::icmpv6::NeighborAdvertisement;
use wire::vrrp::Form;

use super::{advert, announcement};
use crate::config::{Centiseconds, Config, Priority, Vrid};
use crate::receive::receive;

fn config(addresses: &[&str]) -> Config {
    Config {
        name: "inside".to_string(),
        interface: "bond0".to_string(),
        virtual_router_id: Vrid::new(51).unwrap(),
        priority: Priority::new(200).unwrap(),
        advert_int: Centiseconds::new(10).unwrap(),
        preempt: false,
        virtual_ipaddress: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        track_service: vec![],
    }
}

fn v4() -> Config {
    config(&["10.80.2.1", "10.80.1.100"])
}

fn v6() -> Config {
    config(&["fe80::51:1", "2001:db8:80:1::100"])
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn an_ipv4_advert_is_keepaliveds_but_for_the_virtual_mac_and_dont_fragment() {
    let frame = advert(&v4(), ip("10.80.2.2"), 200, Form::PseudoHeader);
    let expected = [
        &[0x01, 0x00, 0x5e, 0x00, 0x00, 0x12][..],
        &[0x00, 0x00, 0x5e, 0x00, 0x01, 0x33],
        &[0x08, 0x00],
        &[0x45, 0xc0, 0x00, 0x24, 0x00, 0x00, 0x40, 0x00, 0xff, 0x70],
        // keepalived's identification and flags are 0001 0000 and its sum is ce44.
        &[0x8e, 0x45],
        &[10, 80, 2, 2, 224, 0, 0, 18],
        &[0x31, 0x33, 0xc8, 0x02, 0x00, 0x0a, 0x01, 0xd6],
        &[10, 80, 2, 1, 10, 80, 1, 100],
    ];
    assert_eq!(frame, expected.concat());
}

#[test]
fn an_ipv6_advert_is_keepaliveds_but_for_the_virtual_mac_and_flow_label() {
    let frame = advert(&v6(), ip("fe80::ff:fe00:1"), 200, Form::PseudoHeader);
    let expected = [
        &[0x33, 0x33, 0x00, 0x00, 0x00, 0x12][..],
        &[0x00, 0x00, 0x5e, 0x00, 0x02, 0x33],
        &[0x86, 0xdd],
        &[0x6c, 0x00, 0x00, 0x00, 0x00, 0x28, 0x70, 0xff],
    ];
    let expected = expected.concat();
    assert_eq!(frame[..22], expected);
    assert_eq!(
        frame[54..62],
        [0x31, 0x33, 0xc8, 0x02, 0x00, 0x0a, 0xdb, 0x83]
    );
    assert_eq!(frame.len(), 14 + 40 + 40);
}

#[test]
fn what_is_sent_is_received_in_either_form() {
    for form in [Form::PseudoHeader, Form::MessageOnly] {
        let frame = advert(&v4(), ip("10.80.2.2"), 0, form);
        let received = receive(&frame).unwrap();
        assert_eq!(received.source, ip("10.80.2.2"));
        assert_eq!((received.form, received.advertisement.priority), (form, 0));
        assert_eq!(received.advertisement.addresses, v4().virtual_ipaddress);
        assert_eq!(received.advertisement.interval.get(), 10);
        // IPv6 has one form only.
        let frame = advert(&v6(), ip("fe80::2"), 200, form);
        let received = receive(&frame).unwrap();
        assert_eq!(received.form, Form::PseudoHeader);
        assert_eq!(received.advertisement.addresses, v6().virtual_ipaddress);
    }
}

#[test]
fn sixty_four_addresses_fit_the_smallest_mtu() {
    let mut config = v6();
    config.virtual_ipaddress = vec![ip("fe80::51:1"); 64];
    let frame = advert(&config, ip("fe80::2"), 200, Form::PseudoHeader);
    assert!(frame.len() <= 14 + 1280);
    assert!(receive(&frame).is_ok());
}

#[test]
fn an_ipv4_address_is_announced_by_a_request_for_itself_from_the_virtual_mac() {
    let virtual_mac = v4().virtual_mac();
    let frame = announcement(virtual_mac, ip("10.80.2.1"));
    let headers = Headers::parse(&frame).unwrap();
    assert_eq!(headers.destination, Mac::BROADCAST);
    assert_eq!(headers.source, virtual_mac);
    let Net::Arp(arp) = headers.net else {
        panic!("{headers:?}")
    };
    assert_eq!(arp.operation, ArpInfo::REQUEST);
    assert_eq!(arp.sender_mac, virtual_mac);
    assert_eq!(arp.sender_ip.to_string(), "10.80.2.1");
    assert_eq!(arp.target_ip, arp.sender_ip);
    assert_ne!(arp.target_mac, virtual_mac);
}

#[test]
fn an_ipv6_address_is_announced_to_all_nodes_as_a_routers_with_override() {
    let virtual_mac = v6().virtual_mac();
    let frame = announcement(virtual_mac, ip("2001:db8:80:1::100"));
    let headers = Headers::parse(&frame).unwrap();
    assert_eq!(headers.destination.to_string(), "33:33:00:00:00:01");
    assert_eq!(headers.source, virtual_mac);
    assert!(transport_valid(&frame, &headers));
    let Net::V6(net) = headers.net else {
        panic!("{headers:?}")
    };
    assert_eq!(net.source.to_string(), "2001:db8:80:1::100");
    assert_eq!(net.destination.to_string(), "ff02::1");
    assert_eq!(frame[21], 255);
    let message = NeighborAdvertisement::parse(&frame[net.l4..net.end]).unwrap();
    assert!(message.router && !message.solicited && message.overriding);
    assert_eq!(message.target, net.source);
    assert_eq!(message.target_mac, Some(virtual_mac));
}
