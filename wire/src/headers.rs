//! All that forwarding asks of a frame, found in one pass.
//!
//! ```text
//! destination(6) source(6) [tpid(2) tci(2)]{0,2} ethertype(2) | ARP | IPv4 | IPv6 ext* | TCP | UDP | ICMP
//!                                                             ^ l3                      ^ l4    end ^
//! ```
//! Parsing decides once: every offset in [`Headers`] lies inside the frame that was parsed, and
//! each header that is named is wholly there, so that nobody looks at lengths again. What follows
//! `end` (Ethernet padding) belongs to no packet. Where only the head of a frame was at hand, `end`
//! may lie beyond it, and no other offset does. Checksums are not looked at: see
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
        Self::parse_head(bytes, bytes.len())
    }

    /// Reads the headers of a frame of `len` bytes that begins with these, which are all of it or have
    /// all of its headers.
    ///
    /// # Errors
    /// As [`Headers::parse`].
    #[inline]
    pub fn parse_head(bytes: &[u8], len: usize) -> Result<Self, ParseError> {
        let &[.., t0, t1] = bytes.first_chunk::<14>().ok_or(ParseError::Truncated)?;
        let ethertype = u16::from_be_bytes([t0, t1]);
        if is_tag(ethertype) {
            Self::parse_tagged(bytes, len, ethertype)
        } else {
            Self::parse_net(
                bytes,
                len,
                Link {
                    vlan: None,
                    ethertype,
                    l3: 14,
                },
            )
        }
    }

    #[inline(never)]
    fn parse_tagged(bytes: &[u8], len: usize, tpid: u16) -> Result<Self, ParseError> {
        Self::parse_net(bytes, len, untag(bytes, tpid)?)
    }

    #[inline(always)]
    fn parse_net(bytes: &[u8], len: usize, link: Link) -> Result<Self, ParseError> {
        match link.ethertype {
            ethertype::IPV4 => Self::parse_v4(bytes, len, link.l3, link.vlan),
            ethertype::IPV6 => Self::parse_v6(bytes, len, link.l3, link.vlan),
            ethertype::ARP => Self::parse_arp(bytes, link.l3, link.vlan),
            _ => Self::with(bytes, link, Net::Other),
        }
    }

    // One function per network header, each of which writes the whole value: as arms of one
    // function they share registers for what they do not share in meaning, which costs more than
    // the parsing.

    #[inline(never)]
    fn parse_v4(
        bytes: &[u8],
        len: usize,
        l3: usize,
        vlan: Option<Vlan>,
    ) -> Result<Self, ParseError> {
        let link = Link {
            vlan,
            ethertype: ethertype::IPV4,
            l3,
        };
        Self::with(bytes, link, Net::V4(V4::parse(bytes, len, l3)?))
    }

    #[inline(never)]
    fn parse_v6(
        bytes: &[u8],
        len: usize,
        l3: usize,
        vlan: Option<Vlan>,
    ) -> Result<Self, ParseError> {
        let link = Link {
            vlan,
            ethertype: ethertype::IPV6,
            l3,
        };
        Self::with(bytes, link, Net::V6(V6::parse(bytes, len, l3)?))
    }

    #[inline(never)]
    fn parse_arp(bytes: &[u8], l3: usize, vlan: Option<Vlan>) -> Result<Self, ParseError> {
        let link = Link {
            vlan,
            ethertype: ethertype::ARP,
            l3,
        };
        Self::with(bytes, link, Net::Arp(ArpInfo::parse(bytes, l3)?))
    }

    #[inline(always)]
    fn with(bytes: &[u8], link: Link, net: Net) -> Result<Self, ParseError> {
        let (destination, rest) = bytes
            .split_first_chunk::<6>()
            .ok_or(ParseError::Truncated)?;
        let source = rest.first_chunk::<6>().ok_or(ParseError::Truncated)?;
        Ok(Self {
            destination: Mac(*destination),
            source: Mac(*source),
            vlan: link.vlan,
            ethertype: link.ethertype,
            l3: link.l3,
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

/// What stands in front of the network header, but for the addresses.
#[derive(Clone, Copy)]
struct Link {
    vlan: Option<Vlan>,
    ethertype: u16,
    l3: usize,
}

/// Looks through the first tag, whose TPID is at hand, and a second one. A third is not looked
/// through.
fn untag(bytes: &[u8], tpid: u16) -> Result<Link, ParseError> {
    let (tci, inner) = tag_at(bytes, 14)?;
    let vlan = Some(Vlan { tpid, tci });
    if !is_tag(inner) {
        return Ok(Link {
            vlan,
            ethertype: inner,
            l3: 18,
        });
    }
    let (_, innermost) = tag_at(bytes, 18)?;
    Ok(Link {
        vlan,
        ethertype: innermost,
        l3: 22,
    })
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
