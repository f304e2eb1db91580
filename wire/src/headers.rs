//! All that forwarding asks of a frame, found in one pass.
//!
//! ```text
//! destination(6) source(6) [tpid(2) tci(2)]{0,2} ethertype(2) | ARP | IPv4 | IPv6 ext* | TCP | UDP | ICMP
//!                                                             ^ l3                      ^ l4    end ^
//! ```
//! Parsing decides once: every offset in [`Headers`] lies inside the bytes that were parsed, and
//! each header that is named is wholly there, so that nobody looks at lengths again. What follows
//! `end` (Ethernet padding) belongs to no packet. Checksums are not looked at: see
//! [`crate::checksum`].

mod arp;
mod ipv4;
mod ipv6;
mod transport;

pub use arp::ArpInfo;
pub use ipv4::V4;
pub use ipv6::{EXTENSION_HEADERS_MAX, V6};
pub use transport::{TcpFlags, Transport};

use crate::{Mac, ParseError, ethertype};

/// The headers of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers {
    /// The Ethernet destination.
    pub destination: Mac,
    /// The Ethernet source.
    pub source: Mac,
    /// The outermost VLAN tag.
    pub vlan: Option<Vlan>,
    /// The EtherType after up to two VLAN tags; below 0x600 it is an 802.3 length.
    pub ethertype: u16,
    /// Where the network header starts, in bytes from the frame's start.
    pub l3: usize,
    /// The network header.
    pub net: Net,
}

/// A network header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// ARP for IPv4 over Ethernet.
    Arp(ArpInfo),
    /// IPv4.
    V4(V4),
    /// IPv6.
    V6(V6),
    /// An EtherType that is not looked into.
    Other,
}

/// Which part of a datagram a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// All of it; also an IPv6 atomic fragment (RFC 6946).
    Whole,
    /// The first part, which has the transport header.
    First,
    /// A later part, which has no transport header.
    Later,
}

/// An 802.1Q tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vlan {
    /// The tag's EtherType: 0x8100 (C-tag) or 0x88a8 (S-tag).
    pub tpid: u16,
    /// Tag control information: priority (3 bits), drop eligible (1), identifier (12).
    pub tci: u16,
}

impl Vlan {
    /// The VLAN identifier, 0 to 4095; 0 is a priority tag.
    #[must_use]
    pub const fn id(self) -> u16 {
        self.tci & 0x0fff
    }

    /// The priority code point, 0 to 7.
    #[must_use]
    pub const fn pcp(self) -> u8 {
        let [high, _] = self.tci.to_be_bytes();
        high >> 5
    }

    /// The drop eligible indicator.
    #[must_use]
    pub const fn drop_eligible(self) -> bool {
        self.tci & 0x1000 != 0
    }
}

impl Headers {
    /// Reads the headers of an Ethernet frame without its FCS.
    ///
    /// # Errors
    /// A header that contradicts itself or the frame's length, and an IPv6 chain of more than
    /// [`EXTENSION_HEADERS_MAX`] extension headers. A protocol that is not known is no error.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let &[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] =
            bytes.first_chunk::<14>().ok_or(ParseError::Truncated)?;
        let mut ethertype = u16::from_be_bytes([t0, t1]);
        let mut l3 = 14;
        let mut vlan = None;
        if is_tag(ethertype) {
            (vlan, ethertype, l3) = untag(bytes, ethertype)?;
        }
        let net = match ethertype {
            ethertype::IPV4 => Net::V4(V4::parse(bytes, l3)?),
            ethertype::IPV6 => Net::V6(V6::parse(bytes, l3)?),
            ethertype::ARP => Net::Arp(ArpInfo::parse(bytes, l3)?),
            _ => Net::Other,
        };
        Ok(Self {
            destination: Mac([d0, d1, d2, d3, d4, d5]),
            source: Mac([s0, s1, s2, s3, s4, s5]),
            vlan,
            ethertype,
            l3,
            net,
        })
    }

    /// The transport header, if the network header is IP.
    #[must_use]
    #[inline]
    pub const fn transport(&self) -> Option<Transport> {
        match &self.net {
            Net::V4(ip) => Some(ip.transport),
            Net::V6(ip) => Some(ip.transport),
            Net::Arp(_) | Net::Other => None,
        }
    }
}

const fn is_tag(ethertype: u16) -> bool {
    matches!(ethertype, ethertype::VLAN | ethertype::SERVICE_VLAN)
}

/// Looks through the first tag, whose TPID is at hand, and a second one: the outermost tag, the
/// EtherType that follows, and the offset of what that names. A third tag is not looked through.
#[inline(never)]
fn untag(bytes: &[u8], tpid: u16) -> Result<(Option<Vlan>, u16, usize), ParseError> {
    let (tci, inner) = tag_at(bytes, 14)?;
    let vlan = Some(Vlan { tpid, tci });
    if !is_tag(inner) {
        return Ok((vlan, inner, 18));
    }
    let (_, innermost) = tag_at(bytes, 18)?;
    Ok((vlan, innermost, 22))
}

/// The tag control information at an offset and the EtherType after it.
fn tag_at(bytes: &[u8], offset: usize) -> Result<(u16, u16), ParseError> {
    let &[c0, c1, t0, t1] = chunk_at::<4>(bytes, offset)?;
    Ok((u16::from_be_bytes([c0, c1]), u16::from_be_bytes([t0, t1])))
}

/// `N` bytes at an offset.
#[inline]
fn chunk_at<const N: usize>(bytes: &[u8], offset: usize) -> Result<&[u8; N], ParseError> {
    bytes
        .get(offset..)
        .and_then(<[u8]>::first_chunk)
        .ok_or(ParseError::Truncated)
}
