//! An IP packet's headers in one shape for both families.

use wire::headers::{Fragment, Headers, Net, Transport, V6};

use crate::address::Address;

/// What forwarding asks of an IP packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// The source address.
    pub source: Address,
    /// The destination address.
    pub destination: Address,
    /// The family.
    pub family: Family,
    /// TTL or hop limit.
    pub ttl: u8,
    /// The transport protocol, after extension headers.
    pub protocol: u8,
    /// Which part of a datagram it is.
    pub fragment: Fragment,
    /// The network header's offset in the frame.
    pub l3: usize,
    /// The transport header's offset in the frame.
    pub l4: usize,
    /// The packet's end in the frame.
    pub end: usize,
    /// The transport header.
    pub transport: Transport,
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Packet {
    /// The packet of a frame, if it is IP. An IPv6 packet with an IPv4-mapped address is not: no
    /// node may send one, and it would be taken for the IPv4 address's.
    #[inline]
    pub fn new(headers: &Headers) -> Option<Self> {
        match &headers.net {
            Net::V4(ip) => Some(Self {
                source: ip.source.into(),
                destination: ip.destination.into(),
                family: Family::V4,
                ttl: ip.ttl,
                protocol: ip.protocol,
                fragment: ip.fragment,
                l3: headers.l3,
                l4: ip.l4,
                end: ip.end,
                transport: ip.transport,
            }),
            Net::V6(ip) if !is_mapped(ip) => Some(Self {
                source: ip.source.into(),
                destination: ip.destination.into(),
                family: Family::V6,
                ttl: ip.hop_limit,
                protocol: ip.protocol,
                fragment: ip.fragment,
                l3: headers.l3,
                l4: ip.l4,
                end: ip.end,
                transport: ip.transport,
            }),
            Net::V6(_) | Net::Arp(_) | Net::Other => None,
        }
    }

    /// Its length in bytes, IP header included.
    #[inline]
    pub const fn len(&self) -> u64 {
        self.end.saturating_sub(self.l3) as u64
    }
}

#[inline]
fn is_mapped(ip: &V6) -> bool {
    let is_v4 = |address: core::net::Ipv6Addr| Address::from(address).to_v4().is_some();
    is_v4(ip.source) || is_v4(ip.destination)
}
