//! The views write what the second encoder writes.

use etherparse::{PacketBuilder, VlanId};
use wire::checksum::{ones_complement, transport_v4, transport_v6};
use wire::ethernet::{EtherType, EthernetPacket, MutableEthernetPacket};
use wire::icmp::echo_request::{EchoRequestPacket, MutableEchoRequestPacket};
use wire::icmp::{IcmpCode, IcmpType, MutableIcmpPacket};
use wire::icmpv6::{Icmpv6Type, MutableIcmpv6Packet};
use wire::ipv4::{IpNextHeaderProtocol, Ipv4Packet, MutableIpv4Packet};
use wire::ipv6::{Ipv6Packet, MutableIpv6Packet};
use wire::tcp::{MutableTcpPacket, TcpPacket};
use wire::udp::{MutableUdpPacket, UdpPacket};
use wire::vlan::{ClassOfService, MutableVlanPacket, VlanPacket};
use wire::{Mac, Packet, ethertype, protocol};

use crate::support::{CLIENT_V4, CLIENT_V6, DESTINATION, SOURCE, VIP_V4, VIP_V6};

fn ethernet(kind: u16) -> [u8; 14] {
    let mut bytes = [0; 14];
    let mut view = MutableEthernetPacket::new(&mut bytes).unwrap();
    view.set_destination(DESTINATION.0.into());
    view.set_source(SOURCE.0.into());
    view.set_ethertype(EtherType(kind));
    bytes
}

fn ipv4(proto: u8, payload: usize) -> [u8; 20] {
    let mut bytes = [0; 20];
    let mut view = MutableIpv4Packet::new(&mut bytes).unwrap();
    view.set_version(4);
    view.set_header_length(5);
    view.set_total_length(u16::try_from(20 + payload).unwrap());
    view.set_flags(2);
    view.set_ttl(64);
    view.set_next_level_protocol(IpNextHeaderProtocol(proto));
    view.set_source(CLIENT_V4.octets().into());
    view.set_destination(VIP_V4.octets().into());
    let check = ones_complement(view.packet());
    view.set_checksum(check);
    bytes
}

fn ipv6(next: u8, payload: usize) -> [u8; 40] {
    let mut bytes = [0; 40];
    let mut view = MutableIpv6Packet::new(&mut bytes).unwrap();
    view.set_version(6);
    view.set_payload_length(u16::try_from(payload).unwrap());
    view.set_next_header(IpNextHeaderProtocol(next));
    view.set_hop_limit(64);
    view.set_source(CLIENT_V6.octets().into());
    view.set_destination(VIP_V6.octets().into());
    bytes
}

#[test]
fn a_tagged_tcp_segment_over_ipv4_is_written_alike() {
    let mut second = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .single_vlan(VlanId::try_new(100).unwrap())
        .ipv4(CLIENT_V4.octets(), VIP_V4.octets(), 64)
        .tcp(1000, 80, 7, 4096)
        .syn()
        .write(&mut second, b"data")
        .unwrap();

    let mut tag = [0; 4];
    let mut view = MutableVlanPacket::new(&mut tag).unwrap();
    view.set_priority_code_point(ClassOfService(0));
    view.set_vlan_identifier(100);
    view.set_ethertype(EtherType(ethertype::IPV4));
    let mut tcp = *b"....................data";
    tcp[..20].fill(0);
    let mut view = MutableTcpPacket::new(&mut tcp).unwrap();
    view.set_source(1000);
    view.set_destination(80);
    view.set_sequence(7);
    view.set_data_offset(5);
    view.set_flags(2);
    view.set_window(4096);
    let check = transport_v4(CLIENT_V4, VIP_V4, protocol::TCP, view.packet());
    view.set_checksum(check);

    let ours = [
        &ethernet(ethertype::VLAN)[..],
        &tag,
        &ipv4(protocol::TCP, 24),
        &tcp,
    ]
    .concat();
    assert_eq!(ours, second);
}

#[test]
fn a_udp_datagram_over_ipv6_is_written_alike() {
    let mut second = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .ipv6(CLIENT_V6.octets(), VIP_V6.octets(), 64)
        .udp(53, 5353)
        .write(&mut second, b"")
        .unwrap();

    let mut udp = [0; 8];
    let mut view = MutableUdpPacket::new(&mut udp).unwrap();
    view.set_source(53);
    view.set_destination(5353);
    view.set_length(8);
    let check = transport_v6(CLIENT_V6, VIP_V6, protocol::UDP, view.packet());
    view.set_checksum(check);

    assert_eq!(
        [
            &ethernet(ethertype::IPV6)[..],
            &ipv6(protocol::UDP, 8),
            &udp
        ]
        .concat(),
        second
    );
}

#[test]
fn echo_requests_are_written_alike() {
    let mut second = Vec::new();
    PacketBuilder::ipv4(CLIENT_V4.octets(), VIP_V4.octets(), 64)
        .icmpv4_echo_request(1, 2)
        .write(&mut second, b"")
        .unwrap();
    let mut echo = [0; 8];
    let mut view = MutableEchoRequestPacket::new(&mut echo).unwrap();
    view.set_identifier(1);
    view.set_sequence_number(2);
    let mut view = MutableIcmpPacket::new(&mut echo).unwrap();
    view.set_icmp_type(IcmpType(8));
    view.set_icmp_code(IcmpCode(0));
    let check = ones_complement(view.packet());
    view.set_checksum(check);
    assert_eq!([&ipv4(protocol::ICMP, 8)[..], &echo].concat(), second);

    let mut second = Vec::new();
    PacketBuilder::ipv6(CLIENT_V6.octets(), VIP_V6.octets(), 64)
        .icmpv6_raw(128, 0, [0, 1, 0, 2])
        .write(&mut second, b"")
        .unwrap();
    let mut echo = [0, 0, 0, 0, 0, 1, 0, 2];
    let mut view = MutableIcmpv6Packet::new(&mut echo).unwrap();
    view.set_icmpv6_type(Icmpv6Type(128));
    let check = transport_v6(CLIENT_V6, VIP_V6, protocol::ICMPV6, view.packet());
    view.set_checksum(check);
    assert_eq!([&ipv6(protocol::ICMPV6, 8)[..], &echo].concat(), second);
}

#[test]
fn the_views_read_the_second_encoders_frames() {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(SOURCE.0, DESTINATION.0)
        .single_vlan(VlanId::try_new(100).unwrap())
        .ipv4(CLIENT_V4.octets(), VIP_V4.octets(), 64)
        .tcp(1000, 80, 7, 4096)
        .fin()
        .write(&mut bytes, b"data")
        .unwrap();
    let frame = EthernetPacket::new(&bytes).unwrap();
    assert_eq!(Mac(frame.get_source().octets()), SOURCE);
    assert_eq!(frame.get_ethertype().0, ethertype::VLAN);
    let tag = VlanPacket::new(frame.payload()).unwrap();
    assert_eq!(
        (tag.get_vlan_identifier(), tag.get_ethertype().0),
        (100, ethertype::IPV4)
    );
    let ip = Ipv4Packet::new(tag.payload()).unwrap();
    assert_eq!(ip.get_source().octets(), CLIENT_V4.octets());
    assert_eq!(
        (ip.get_ttl(), ip.get_next_level_protocol().0),
        (64, protocol::TCP)
    );
    let tcp = TcpPacket::new(ip.payload()).unwrap();
    assert_eq!((tcp.get_source(), tcp.get_destination()), (1000, 80));
    assert_eq!((tcp.get_flags(), tcp.payload()), (1, &b"data"[..]));
}

#[test]
fn a_view_is_not_made_of_too_few_bytes() {
    assert!(EthernetPacket::new(&[0; 13]).is_none());
    assert!(VlanPacket::new(&[0; 3]).is_none());
    assert!(Ipv4Packet::new(&[0; 19]).is_none());
    assert!(Ipv6Packet::new(&[0; 39]).is_none());
    assert!(TcpPacket::new(&[0; 19]).is_none());
    assert!(UdpPacket::new(&[0; 7]).is_none());
    assert!(EchoRequestPacket::new(&[0; 7]).is_none());
}
