//! The transport headers: TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792), ICMPv6 (RFC 4443).

use super::Fragment;
use crate::ParseError;

/// A transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp {
        /// The source port.
        source: u16,
        /// The destination port.
        destination: u16,
        /// The control bits.
        flags: TcpFlags,
        /// The sequence number.
        sequence: u32,
        /// The acknowledgement number, with meaning only when ACK is set.
        acknowledgement: u32,
        /// The header's length with options, 20 to 60 bytes.
        header_len: usize,
    },
    /// UDP.
    Udp {
        /// The source port.
        source: u16,
        /// The destination port.
        destination: u16,
        /// The checksum as it is on the wire; 0 means none (IPv4 only).
        checksum: u16,
    },
    /// ICMP over IPv4.
    Icmp {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
    /// ICMPv6 over IPv6.
    Icmp6 {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
    /// A protocol that is not looked into.
    Other,
    /// A later fragment: it has no transport header.
    None,
}

impl Transport {
    #[inline(always)]
    pub(super) fn tcp(segment: &[u8]) -> Result<Self, ParseError> {
        let &[
            s0,
            s1,
            d0,
            d1,
            q0,
            q1,
            q2,
            q3,
            a0,
            a1,
            a2,
            a3,
            offset,
            flags,
            ..,
        ] = segment.first_chunk::<20>().ok_or(ParseError::Truncated)?;
        let header_len = usize::from(offset >> 4) * 4;
        if header_len < 20 || header_len > segment.len() {
            return Err(ParseError::HeaderLength);
        }
        Ok(Self::Tcp {
            source: u16::from_be_bytes([s0, s1]),
            destination: u16::from_be_bytes([d0, d1]),
            flags: TcpFlags(flags),
            sequence: u32::from_be_bytes([q0, q1, q2, q3]),
            acknowledgement: u32::from_be_bytes([a0, a1, a2, a3]),
            header_len,
        })
    }

    #[inline(always)]
    pub(super) fn udp(
        segment: &[u8],
        whole: usize,
        fragment: Fragment,
    ) -> Result<Self, ParseError> {
        let &[s0, s1, d0, d1, l0, l1, c0, c1] =
            segment.first_chunk::<8>().ok_or(ParseError::Truncated)?;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        // A first fragment says the length of the whole datagram.
        if length < 8 || (fragment == Fragment::Whole && length > whole) {
            return Err(ParseError::TotalLength);
        }
        Ok(Self::Udp {
            source: u16::from_be_bytes([s0, s1]),
            destination: u16::from_be_bytes([d0, d1]),
            checksum: u16::from_be_bytes([c0, c1]),
        })
    }

    #[inline(always)]
    pub(super) fn icmp(segment: &[u8]) -> Result<Self, ParseError> {
        let &[kind, code, ..] = segment.first_chunk::<8>().ok_or(ParseError::Truncated)?;
        Ok(Self::Icmp { kind, code })
    }

    #[inline(always)]
    pub(super) fn icmp6(segment: &[u8]) -> Result<Self, ParseError> {
        let &[kind, code, ..] = segment.first_chunk::<8>().ok_or(ParseError::Truncated)?;
        Ok(Self::Icmp6 { kind, code })
    }
}

/// The eight control bits of TCP (RFC 9293 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement number has a meaning.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer has a meaning.
    pub const URG: Self = Self(0x20);
    /// ECN echo (RFC 3168).
    pub const ECE: Self = Self(0x40);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: Self = Self(0x80);

    /// Whether all of `other`'s bits are set.
    #[must_use]
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These bits and `other`'s.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
