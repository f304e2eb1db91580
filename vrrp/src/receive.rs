//! From a frame to an advert: every check that needs no virtual router, before anything changes.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::vrrp::{Advertisement, Form, GROUP_V4, GROUP_V6, HOPS};
use wire::{checksum, ethertype, protocol};

use crate::config::{Centiseconds, Family, Vrid};
use crate::drop_reason::DropReason;

/// An advert that passed all checks of RFC 5798 7.1 but the one for its virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The family of its addresses and of its IP packet.
    pub family: Family,
    /// The virtual router it is about.
    pub vrid: Vrid,
    /// The sender's primary IPv4 address or link-local IPv6 address.
    pub source: IpAddr,
    /// What it says.
    pub advertisement: Advert,
    /// What its checksum was summed over.
    pub form: Form,
}

/// What an advert says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The sender's priority; 0: it leaves.
    pub priority: u8,
    /// How often the sender sends.
    pub interval: Centiseconds,
    /// The addresses it stands for.
    pub addresses: Vec<IpAddr>,
}

/// Reads a whole Ethernet frame without FCS. What follows the IP packet is padding; options of the
/// IPv4 header and extension headers of IPv6 are passed over.
///
/// # Errors
/// The reason to drop it; [`DropReason::NotVrrp`] for everything that is another protocol.
pub fn receive(frame: &[u8]) -> Result<Received, DropReason> {
    let (header, packet) = frame.split_first_chunk::<14>().ok_or(DropReason::NotVrrp)?;
    let &[.., e0, e1] = header;
    match u16::from_be_bytes([e0, e1]) {
        ethertype::IPV4 => ipv4(packet),
        ethertype::IPV6 => ipv6(packet),
        ethertype::VLAN | ethertype::SERVICE_VLAN => Err(DropReason::Tagged),
        _ => Err(DropReason::NotVrrp),
    }
}

/// The offset of what follows an IPv4 header, and where the packet ends.
fn ipv4(packet: &[u8]) -> Result<Received, DropReason> {
    let (fixed, _) = packet
        .split_first_chunk::<20>()
        .ok_or(DropReason::Malformed)?;
    let &[
        first,
        _,
        t0,
        t1,
        _,
        _,
        f0,
        f1,
        ttl,
        next,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ] = fixed;
    if next != protocol::VRRP {
        return Err(DropReason::NotVrrp);
    }
    let header_len = usize::from(first & 0xf) * 4;
    let total = usize::from(u16::from_be_bytes([t0, t1]));
    let (header, message) = packet
        .get(..total)
        .and_then(|packet| packet.split_at_checked(header_len))
        .filter(|_| first >> 4 == 4 && header_len >= 20)
        .ok_or(DropReason::Malformed)?;
    if !checksum::ipv4_header_valid(header) {
        return Err(DropReason::HeaderChecksum);
    }
    // More fragments, or not the first: an advert is never so long.
    if u16::from_be_bytes([f0, f1]) & 0x3fff != 0 {
        return Err(DropReason::Malformed);
    }
    if ttl != HOPS {
        return Err(DropReason::Ttl);
    }
    let source = Ipv4Addr::new(s0, s1, s2, s3);
    let destination = Ipv4Addr::new(d0, d1, d2, d3);
    if destination != GROUP_V4 {
        return Err(DropReason::Destination);
    }
    if source.is_unspecified()
        || source.is_multicast()
        || source.is_broadcast()
        || source.is_loopback()
    {
        return Err(DropReason::Source);
    }
    advert(message, source.into(), destination.into())
}

fn ipv6(packet: &[u8]) -> Result<Received, DropReason> {
    let (fixed, rest) = packet
        .split_first_chunk::<40>()
        .ok_or(DropReason::Malformed)?;
    let (&[first, _, _, _, l0, l1, next, hops], addresses) = fixed
        .split_first_chunk::<8>()
        .ok_or(DropReason::Malformed)?;
    let (source, destination) = addresses
        .split_first_chunk::<16>()
        .and_then(|(source, rest)| Some((source, rest.first_chunk::<16>()?)))
        .ok_or(DropReason::Malformed)?;
    let payload = rest.get(..usize::from(u16::from_be_bytes([l0, l1])));
    if next != protocol::VRRP {
        return Err(DropReason::NotVrrp);
    }
    let message = payload
        .filter(|_| first >> 4 == 6)
        .ok_or(DropReason::Malformed)?;
    if hops != HOPS {
        return Err(DropReason::HopLimit);
    }
    let (source, destination) = (Ipv6Addr::from(*source), Ipv6Addr::from(*destination));
    if destination != GROUP_V6 {
        return Err(DropReason::Destination);
    }
    if !source.is_unicast_link_local() {
        return Err(DropReason::Source);
    }
    advert(message, source.into(), destination.into())
}

/// The message of a packet that passed.
fn advert(message: &[u8], source: IpAddr, destination: IpAddr) -> Result<Received, DropReason> {
    let (advertisement, form) = Advertisement::parse(message, source, destination)?;
    Ok(Received {
        family: Family::of(source),
        vrid: Vrid::new(advertisement.vrid).ok_or(DropReason::Vrid)?,
        source,
        advertisement: Advert {
            priority: advertisement.priority,
            interval: Centiseconds::new(advertisement.max_adver_int).ok_or(DropReason::Interval)?,
            addresses: advertisement.addresses.iter().collect(),
        },
        form,
    })
}

#[cfg(test)]
#[path = "tests/receive.rs"]
mod tests;
