//! The IPv4 header (RFC 791).

use core::net::Ipv4Addr;

use super::{Fragment, Transport, chunk_at};
use crate::{ParseError, protocol};

/// An IPv4 header.
///
/// ```text
/// version(4 bits)=4 ihl(4 bits) tos total length(2) identification(2) 0 DF MF offset(13 bits)
/// ttl protocol checksum(2) source(4) destination(4) options(ihl * 4 - 20)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V4 {
    /// The source address.
    pub source: Ipv4Addr,
    /// The destination address.
    pub destination: Ipv4Addr,
    /// The transport protocol.
    pub protocol: u8,
    /// Time to live, in hops.
    pub ttl: u8,
    /// The type of service byte: DSCP (6 bits) and ECN (2 bits).
    pub tos: u8,
    /// Which part of the datagram this is.
    pub fragment: Fragment,
    /// The DF bit.
    pub dont_fragment: bool,
    /// Where the header and its options end, in bytes from the frame's start.
    pub l4: usize,
    /// Where the packet ends, in bytes from the frame's start: padding follows.
    pub end: usize,
    /// The transport header.
    pub transport: Transport,
}

impl V4 {
    #[inline(always)]
    pub(super) fn parse(bytes: &[u8], len: usize, l3: usize) -> Result<Self, ParseError> {
        let &[
            ver_ihl,
            tos,
            t0,
            t1,
            _,
            _,
            f0,
            f1,
            ttl,
            protocol,
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
        ] = chunk_at::<20>(bytes, l3)?;
        if ver_ihl >> 4 != 4 {
            return Err(ParseError::Version);
        }
        let header_len = usize::from(ver_ihl & 0xf) * 4;
        if header_len < 20 {
            return Err(ParseError::HeaderLength);
        }
        let total_len = usize::from(u16::from_be_bytes([t0, t1]));
        let (l4, end) = (l3 + header_len, l3 + total_len);
        if l4 > end || end > len {
            return Err(ParseError::TotalLength);
        }
        let flags_offset = u16::from_be_bytes([f0, f1]);
        let fragment = match (flags_offset & 0x1fff, flags_offset & 0x2000) {
            (0, 0) => Fragment::Whole,
            (0, _) => Fragment::First,
            _ => Fragment::Later,
        };
        let segment = bytes
            .get(l4..end.min(bytes.len()))
            .ok_or(ParseError::TotalLength)?;
        let transport = match (fragment, protocol) {
            (Fragment::Later, _) => Transport::None,
            (_, protocol::TCP) => Transport::tcp(segment)?,
            (_, protocol::UDP) => Transport::udp(segment, end - l4, fragment)?,
            (_, protocol::ICMP) => Transport::icmp(segment)?,
            _ => Transport::Other,
        };
        Ok(Self {
            source: Ipv4Addr::new(s0, s1, s2, s3),
            destination: Ipv4Addr::new(d0, d1, d2, d3),
            protocol,
            ttl,
            tos,
            fragment,
            dont_fragment: flags_offset & 0x4000 != 0,
            l4,
            end,
            transport,
        })
    }
}
