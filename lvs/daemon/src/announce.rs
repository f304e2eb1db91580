//! Telling a bond's network anew where it is: after the bond came up, and after one in a
//! mode with an active member has changed that.
//!
//! The bond's MAC stays the same, unless `fail_over_mac` says otherwise, and hosts must learn the new one; it is
//! the switches that must learn behind which port it is now, and any frame from it teaches them. As Linux's bonding does, each address of the bond is announced
//! `num_grat_arp` times, and each multicast group of the kernel reported `resend_igmp` times. When, and what
//! of it has a way already, is in `place`; addresses of virtual routers are vrrpd's to announce.

mod burst;
mod groups;
pub mod lesson;
pub mod place;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::headers::ArpInfo;
use wire::icmpv6::{NeighborAdvertisement, multicast_mac};
use wire::{Mac, ethertype, protocol};

/// RFC 4861 7.1.2: nothing that a router has passed on.
const HOP_LIMIT: u8 = 255;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The frame that announces an address of this MAC, on a VLAN if one is named.
#[must_use]
pub fn announcement(mac: Mac, vlan: Option<u16>, address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => gratuitous_arp(mac, vlan, address),
        IpAddr::V6(address) => unsolicited_advertisement(mac, vlan, address),
    }
}

/// An ARP announcement (RFC 5227 2.3).
fn gratuitous_arp(mac: Mac, vlan: Option<u16>, address: Ipv4Addr) -> Vec<u8> {
    let arp = ArpInfo {
        operation: ArpInfo::REQUEST,
        sender_mac: mac,
        sender_ip: address,
        target_mac: Mac::ZERO,
        target_ip: address,
    };
    frame(Mac::BROADCAST, mac, vlan, ethertype::ARP, &[&arp.emit()])
}

/// An unsolicited neighbour advertisement to all nodes (RFC 4861 7.2.6).
fn unsolicited_advertisement(mac: Mac, vlan: Option<u16>, address: Ipv6Addr) -> Vec<u8> {
    let said = NeighborAdvertisement {
        router: false,
        solicited: false,
        overriding: true,
        target: address,
        target_mac: Some(mac),
    };
    let macs = (multicast_mac(ALL_NODES), mac);
    advertisement(&said, ALL_NODES, macs, vlan)
}

/// An advertisement from the address that it tells of, to this one; MACs of destination and source.
fn advertisement(
    said: &NeighborAdvertisement,
    to: Ipv6Addr,
    (destination, source): (Mac, Mac),
    vlan: Option<u16>,
) -> Vec<u8> {
    let message = said.emit(said.target, to);
    let [high, low] = u16::try_from(message.len())
        .unwrap_or_default()
        .to_be_bytes();
    let head = [0x60, 0, 0, 0, high, low, protocol::ICMPV6, HOP_LIMIT];
    let packet = [&head[..], &said.target.octets(), &to.octets(), &message];
    frame(destination, source, vlan, ethertype::IPV6, &packet)
}

/// A frame with priority 0 of its VLAN, if any.
fn frame(
    destination: Mac,
    source: Mac,
    vlan: Option<u16>,
    ethertype: u16,
    payload: &[&[u8]],
) -> Vec<u8> {
    let mut frame = [&destination.0[..], &source.0].concat();
    if let Some(vlan) = vlan {
        frame.extend(ethertype::VLAN.to_be_bytes());
        frame.extend(vlan.to_be_bytes());
    }
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload.iter().copied().flatten());
    frame
}

#[cfg(test)]
mod tests {
    use wire::checksum::transport_valid;
    use wire::headers::{Headers, Net, Transport};

    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

    #[test]
    fn an_ipv4_address_is_announced_by_a_request_for_itself() {
        let address = Ipv4Addr::new(10, 0, 0, 100);
        let headers = Headers::parse(&gratuitous_arp(MAC, None, address)).unwrap();
        assert_eq!((headers.destination, headers.source), (Mac::BROADCAST, MAC));
        let Net::Arp(arp) = headers.net else {
            panic!("{headers:?}")
        };
        assert_eq!((arp.operation, arp.sender_mac), (ArpInfo::REQUEST, MAC));
        assert_eq!((arp.sender_ip, arp.target_ip), (address, address));
    }

    #[test]
    fn an_ipv6_address_is_announced_to_all_nodes() {
        let address: Ipv6Addr = "2001:db8::100".parse().unwrap();
        let frame = unsolicited_advertisement(MAC, None, address);
        let headers = Headers::parse(&frame).unwrap();
        assert_eq!(headers.destination, Mac([0x33, 0x33, 0, 0, 0, 1]));
        let Net::V6(ip) = headers.net else {
            panic!("{headers:?}")
        };
        assert_eq!(
            (ip.source, ip.destination, ip.hop_limit),
            (address, ALL_NODES, 255)
        );
        assert_eq!(ip.transport, Transport::Icmp6 { kind: 136, code: 0 });
        assert!(transport_valid(&frame, &headers));
        let said = NeighborAdvertisement::parse(&frame[ip.l4..ip.end]).unwrap();
        assert!(said.overriding && !said.solicited && !said.router);
        assert_eq!((said.target, said.target_mac), (address, Some(MAC)));
    }
}
