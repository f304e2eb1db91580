//! The frames that a virtual router sends (RFC 5798 7.2).

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::headers::ArpInfo;
use wire::icmpv6::{NeighborAdvertisement, multicast_mac};
use wire::vrrp::{
    Addresses, Advertisement, Form, GROUP_V4, GROUP_V4_MAC, GROUP_V6, GROUP_V6_MAC, HOPS,
};
use wire::{Mac, checksum, ethertype, protocol};

use crate::config::Config;

/// All nodes of the link.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// Internetwork control: class selector 6.
const TOS: u8 = 0xc0;
/// Don't fragment; the identification of a packet that is never cut is 0 (RFC 6864 4.1).
const DONT_FRAGMENT: u8 = 0x40;
/// The length of an IPv4 header without options.
const IPV4_LEN: usize = 20;

/// An advert.
pub fn advert(config: &Config, source: IpAddr, priority: u8, form: Form) -> Vec<u8> {
    match source {
        IpAddr::V4(source) => advert_v4(config, source, priority, form),
        IpAddr::V6(source) => advert_v6(config, source, priority),
    }
}

/// A gratuitous ARP request or an unsolicited neighbor advertisement for one address.
pub fn announcement(virtual_mac: Mac, address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => gratuitous_arp(virtual_mac, address),
        IpAddr::V6(address) => unsolicited_advertisement(virtual_mac, address),
    }
}

fn advert_v4(config: &Config, source: Ipv4Addr, priority: u8, form: Form) -> Vec<u8> {
    let of_family = config.virtual_ipaddress.iter().filter_map(|ip| match ip {
        IpAddr::V4(ip) => Some(ip.octets()),
        IpAddr::V6(_) => None,
    });
    let addresses: Vec<[u8; 4]> = of_family.collect();
    let advertisement = advertisement(config, priority, Addresses::V4(&addresses));
    let message = advertisement.emit(source.into(), GROUP_V4.into(), form);
    let [t0, t1] = length(IPV4_LEN + message.len());
    let head = [
        0x45,
        TOS,
        t0,
        t1,
        0,
        0,
        DONT_FRAGMENT,
        0,
        HOPS,
        protocol::VRRP,
    ];
    let ends = [source.octets(), GROUP_V4.octets()];
    let sum = checksum::Sum::new().bytes(&head).bytes(ends.as_flattened());
    let check = sum.checksum().to_be_bytes();
    let packet = [&head[..], &check, ends.as_flattened(), &message];
    ethernet(GROUP_V4_MAC, config.virtual_mac(), ethertype::IPV4, &packet)
}

fn advert_v6(config: &Config, source: Ipv6Addr, priority: u8) -> Vec<u8> {
    let of_family = config.virtual_ipaddress.iter().filter_map(|ip| match ip {
        IpAddr::V6(ip) => Some(ip.octets()),
        IpAddr::V4(_) => None,
    });
    let addresses: Vec<[u8; 16]> = of_family.collect();
    let advertisement = advertisement(config, priority, Addresses::V6(&addresses));
    let message = advertisement.emit(source.into(), GROUP_V6.into(), Form::PseudoHeader);
    let [l0, l1] = length(message.len());
    let [t0, t1] = (0x6000 | u16::from(TOS) << 4).to_be_bytes();
    let head = [t0, t1, 0, 0, l0, l1, protocol::VRRP, HOPS];
    let packet = [&head[..], &source.octets(), &GROUP_V6.octets(), &message];
    ethernet(GROUP_V6_MAC, config.virtual_mac(), ethertype::IPV6, &packet)
}

fn advertisement<'a>(config: &Config, priority: u8, addresses: Addresses<'a>) -> Advertisement<'a> {
    Advertisement {
        vrid: config.virtual_router_id.get(),
        priority,
        max_adver_int: config.advert_int.get(),
        addresses,
    }
}

/// An ARP announcement (RFC 5227 2.3).
fn gratuitous_arp(virtual_mac: Mac, address: Ipv4Addr) -> Vec<u8> {
    let arp = ArpInfo {
        operation: ArpInfo::REQUEST,
        sender_mac: virtual_mac,
        sender_ip: address,
        target_mac: Mac::ZERO,
        target_ip: address,
    };
    ethernet(Mac::BROADCAST, virtual_mac, ethertype::ARP, &[&arp.emit()])
}

/// An unsolicited neighbor advertisement to all nodes (RFC 4861 7.2.6).
fn unsolicited_advertisement(virtual_mac: Mac, address: Ipv6Addr) -> Vec<u8> {
    let advertisement = NeighborAdvertisement {
        router: true,
        solicited: false,
        overriding: true,
        target: address,
        target_mac: Some(virtual_mac),
    };
    let message = advertisement.emit(address, ALL_NODES);
    let [l0, l1] = length(message.len());
    let head = [0x60, 0, 0, 0, l0, l1, protocol::ICMPV6, HOPS];
    let packet = [&head[..], &address.octets(), &ALL_NODES.octets(), &message];
    ethernet(
        multicast_mac(ALL_NODES),
        virtual_mac,
        ethertype::IPV6,
        &packet,
    )
}

/// A length field; nothing sent here is longer than 64 KiB.
fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

fn ethernet(destination: Mac, source: Mac, ethertype: u16, payload: &[&[u8]]) -> Vec<u8> {
    let mut frame = [&destination.0[..], &source.0, &ethertype.to_be_bytes()].concat();
    frame.extend(payload.iter().copied().flatten());
    frame
}

#[cfg(test)]
#[path = "tests/frame.rs"]
mod tests;
