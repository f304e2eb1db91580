//! The IPv6 header and its extension headers (RFC 8200).

use core::net::Ipv6Addr;

use super::{Fragment, Transport, chunk_at};
use crate::{ParseError, protocol};

/// How many extension headers are walked before a packet is refused: a peer must not choose how
/// long we read. Real chains have one or two.
pub const EXTENSION_HEADERS_MAX: usize = 8;

/// An IPv6 header.
///
/// ```text
/// version(4 bits)=6 traffic class(8 bits) flow label(20 bits) payload length(2) next header
/// hop limit source(16) destination(16) extension headers
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V6 {
    /// The source address.
    pub source: Ipv6Addr,
    /// The destination address.
    pub destination: Ipv6Addr,
    /// The protocol after the extension headers; of a later fragment, what its fragment header
    /// names.
    pub protocol: u8,
    /// The hop limit.
    pub hop_limit: u8,
    /// The traffic class: DSCP (6 bits) and ECN (2 bits).
    pub traffic_class: u8,
    /// Which part of the datagram this is.
    pub fragment: Fragment,
    /// Where the extension headers end, in bytes from the frame's start.
    pub l4: usize,
    /// Where the packet ends, in bytes from the frame's start: padding follows.
    pub end: usize,
    /// The transport header.
    pub transport: Transport,
}

impl V6 {
    #[inline(always)]
    pub(super) fn parse(bytes: &[u8], len: usize, l3: usize) -> Result<Self, ParseError> {
        let &[
            v0,
            v1,
            _,
            _,
            p0,
            p1,
            next_header,
            hop_limit,
            ref addresses @ ..,
        ] = chunk_at::<40>(bytes, l3)?;
        if v0 >> 4 != 6 {
            return Err(ParseError::Version);
        }
        let first = l3 + 40;
        let end = first + usize::from(u16::from_be_bytes([p0, p1]));
        if end > len {
            return Err(ParseError::TotalLength);
        }
        let packet = bytes.get(..end).unwrap_or(bytes);
        let chain = if is_extension(next_header) {
            walk(packet, first, next_header)?
        } else {
            Chain {
                protocol: next_header,
                l4: first,
                fragment: Fragment::Whole,
            }
        };
        let Chain {
            protocol,
            l4,
            fragment,
        } = chain;
        let segment = packet.get(l4..).ok_or(ParseError::HeaderLength)?;
        let transport = match (fragment, protocol) {
            (Fragment::Later, _) => Transport::None,
            (_, protocol::TCP) => Transport::tcp(segment)?,
            (_, protocol::UDP) => Transport::udp(segment, end - l4, fragment)?,
            (_, protocol::ICMPV6) => Transport::icmp6(segment)?,
            _ => Transport::Other,
        };
        Ok(Self {
            source: address(addresses.first_chunk())?,
            destination: address(addresses.last_chunk())?,
            protocol,
            hop_limit,
            traffic_class: (v0 << 4) | (v1 >> 4),
            fragment,
            l4,
            end,
            transport,
        })
    }
}

/// One half of the two addresses; it is always there, which the types cannot say.
#[inline]
fn address(octets: Option<&[u8; 16]>) -> Result<Ipv6Addr, ParseError> {
    octets
        .map(|octets| Ipv6Addr::from(*octets))
        .ok_or(ParseError::Truncated)
}

/// Where a chain of extension headers ends.
struct Chain {
    protocol: u8,
    l4: usize,
    fragment: Fragment,
}

/// Whether a header is one that has another behind it. ESP is not: what it holds is encrypted.
const fn is_extension(next_header: u8) -> bool {
    matches!(
        next_header,
        protocol::HOP_BY_HOP
            | protocol::ROUTING
            | protocol::FRAGMENT
            | protocol::AUTHENTICATION
            | protocol::DESTINATION_OPTIONS
    )
}

/// Walks the chain whose first header lies at `offset`.
#[inline(never)]
fn walk(packet: &[u8], mut offset: usize, mut next: u8) -> Result<Chain, ParseError> {
    let mut fragment = None;
    for _ in 0..EXTENSION_HEADERS_MAX {
        let &[following, len, o0, o1, ..] = chunk_at::<8>(packet, offset)?;
        let units = usize::from(len);
        offset += match next {
            // RFC 4302 2.2: in units of four bytes, minus two.
            protocol::AUTHENTICATION => (units + 2) * 4,
            // RFC 8200 4.5: fixed; the second byte is reserved.
            protocol::FRAGMENT => 8,
            // RFC 8200 4.3, 4.4, 4.6: in units of eight bytes, not counting the first eight.
            _ => (units + 1) * 8,
        };
        if next == protocol::FRAGMENT {
            let part = fragment_of(u16::from_be_bytes([o0, o1]));
            if fragment.replace(part).is_some() {
                return Err(ParseError::ExtensionHeaders);
            }
        }
        next = following;
        let fragment = fragment.unwrap_or(Fragment::Whole);
        if fragment == Fragment::Later || !is_extension(next) {
            return Ok(Chain {
                protocol: next,
                l4: offset,
                fragment,
            });
        }
    }
    Err(ParseError::ExtensionHeaders)
}

/// RFC 8200 4.5: offset (13 bits), reserved (2 bits), M.
const fn fragment_of(offset_flags: u16) -> Fragment {
    match (offset_flags & 0xfff8, offset_flags & 1) {
        (0, 0) => Fragment::Whole,
        (0, _) => Fragment::First,
        _ => Fragment::Later,
    }
}
