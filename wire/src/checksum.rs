//! The Internet checksum: full (RFC 1071), incremental (RFC 1624), and over the pseudo-headers of
//! IPv4 (RFC 9293 3.1) and IPv6 (RFC 8200 8.1).
//!
//! A checksum here is the value of the header's field, read as big endian. Over data that
//! includes a right checksum, the checksum is 0.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::headers::{Fragment, Headers, Net, Transport};
use crate::protocol;

/// A one's complement sum in the making.
///
/// It is kept unfolded and in the machine's byte order, which RFC 1071 section 2 (B) allows: only
/// the result is swapped. 64 bits hold 16 GiB of data without overflow.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Sum(u64);

impl Sum {
    /// The sum of nothing.
    pub const fn new() -> Self {
        Self(0)
    }

    /// Adds bytes. A slice of odd length counts as if a zero byte followed: only the last slice
    /// that is added may be odd.
    #[inline]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut sum = self.0;
        for word in words {
            let word = u64::from_ne_bytes(*word);
            sum += (word & 0xffff_ffff) + (word >> 32);
        }
        Self(sum).tail(rest)
    }

    /// Adds the fewer than eight bytes that are left.
    #[inline]
    fn tail(self, mut rest: &[u8]) -> Self {
        let mut sum = self.0;
        if let Some((four, after)) = rest.split_first_chunk::<4>() {
            sum += u64::from(u32::from_ne_bytes(*four));
            rest = after;
        }
        if let Some((two, after)) = rest.split_first_chunk::<2>() {
            sum += u64::from(u16::from_ne_bytes(*two));
            rest = after;
        }
        if let [last] = rest {
            sum += u64::from(u16::from_ne_bytes([*last, 0]));
        }
        Self(sum)
    }

    /// Adds a 16-bit number.
    #[inline]
    pub const fn word(self, word: u16) -> Self {
        Self(self.0 + word.to_be() as u64)
    }

    /// Adds a 32-bit number.
    #[inline]
    pub const fn long(self, long: u32) -> Self {
        Self(self.0 + long.to_be() as u64)
    }

    /// The checksum: the complement of the sum.
    #[must_use]
    #[inline]
    pub const fn checksum(self) -> u16 {
        u16::from_be(!fold(self.0))
    }
}

/// Folds a sum into 16 bits, carries added at the low end.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "four foldings leave 16 bits"
)]
const fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    sum as u16
}

/// The Internet checksum of bytes: what belongs in a checksum field that they hold as 0, and 0
/// over bytes that hold a right one.
#[must_use]
#[inline]
pub fn ones_complement(bytes: &[u8]) -> u16 {
    Sum::new().bytes(bytes).checksum()
}

/// The sum of an IPv4 pseudo-header; `length` is that of the transport header and its data.
#[inline]
pub const fn pseudo_v4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, length: u16) -> Sum {
    Sum::new()
        .long(source.to_bits())
        .long(destination.to_bits())
        .word(protocol as u16)
        .word(length)
}

/// The sum of an IPv6 pseudo-header; `length` is that of the transport header and its data.
#[inline]
pub fn pseudo_v6(source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, length: u32) -> Sum {
    Sum::new()
        .bytes(&source.octets())
        .bytes(&destination.octets())
        .word(u16::from(protocol))
        .long(length)
}

/// The checksum of a transport segment over IPv4, at most 65,535 bytes long; 0 when the one it
/// holds is right. ICMP has no pseudo-header: use [`ones_complement`].
#[must_use]
#[inline]
pub fn transport_v4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, segment: &[u8]) -> u16 {
    let length = u16::try_from(segment.len()).unwrap_or(u16::MAX);
    pseudo_v4(source, destination, protocol, length)
        .bytes(segment)
        .checksum()
}

/// The checksum of a transport segment over IPv6; 0 when the one it holds is right.
#[must_use]
#[inline]
pub fn transport_v6(source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, segment: &[u8]) -> u16 {
    let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
    pseudo_v6(source, destination, protocol, length)
        .bytes(segment)
        .checksum()
}

/// A computed UDP checksum as it goes on the wire: 0 would mean that there is none, so it is sent
/// as 0xffff, which sums the same (RFC 768).
#[must_use]
#[inline]
pub const fn udp_on_wire(check: u16) -> u16 {
    if check == 0 { 0xffff } else { check }
}

/// The checksum after a 16-bit field went from `old` to `new` (RFC 1624 equation 3).
///
/// It equals the full checksum for all data that is not zero throughout, which no packet with a
/// version, a protocol or a length in the sum is. For UDP, leave a 0 alone and send the result by
/// [`udp_on_wire`].
#[must_use]
#[inline]
pub const fn update16(check: u16, old: u16, new: u16) -> u16 {
    !fold(!check as u64 + !old as u64 + new as u64)
}

/// The checksum after a 32-bit field at an even offset went from `old` to `new`: an IPv4 address
/// by `to_bits`.
#[must_use]
#[inline]
pub const fn update32(check: u16, old: u32, new: u32) -> u16 {
    !fold(!check as u64 + !old as u64 + new as u64)
}

/// The checksum after a 128-bit field at an even offset went from `old` to `new`: an IPv6 address
/// by `to_bits`.
#[must_use]
#[inline]
pub const fn update128(check: u16, old: u128, new: u128) -> u16 {
    !fold(!check as u64 + halves(!old) + halves(new))
}

/// The sum of a number's four 32-bit parts, which folds to the sum of its eight 16-bit parts.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "masked to 64 bits, then to 32"
)]
const fn halves(number: u128) -> u64 {
    let (high, low) = ((number >> 64) as u64, number as u64);
    (high >> 32) + (high & 0xffff_ffff) + (low >> 32) + (low & 0xffff_ffff)
}

/// Whether the checksum of an IPv4 header (options included, nothing else) is right.
#[must_use]
#[inline]
pub fn ipv4_header_valid(header: &[u8]) -> bool {
    ones_complement(header) == 0
}

/// Whether the transport checksum of a parsed frame is right: TCP, UDP, ICMP, ICMPv6.
///
/// True as well where this packet alone cannot tell: a fragment, UDP over IPv4 without a checksum,
/// another protocol, no IP. UDP over IPv6 without a checksum is wrong (RFC 8200 8.1).
#[must_use]
pub fn transport_valid(bytes: &[u8], headers: &Headers) -> bool {
    match &headers.net {
        Net::V4(ip) if ip.fragment == Fragment::Whole => {
            let Some(segment) = covered(bytes, ip.l4, ip.end, &ip.transport) else {
                return false;
            };
            let full = |proto| transport_v4(ip.source, ip.destination, proto, segment) == 0;
            match ip.transport {
                Transport::Tcp { .. } => full(protocol::TCP),
                Transport::Udp { checksum, .. } => checksum == 0 || full(protocol::UDP),
                Transport::Icmp { .. } => ones_complement(segment) == 0,
                Transport::Icmp6 { .. } | Transport::Other | Transport::None => true,
            }
        }
        Net::V6(ip) if ip.fragment == Fragment::Whole => {
            let Some(segment) = covered(bytes, ip.l4, ip.end, &ip.transport) else {
                return false;
            };
            let full = |proto| transport_v6(ip.source, ip.destination, proto, segment) == 0;
            match ip.transport {
                Transport::Tcp { .. } => full(protocol::TCP),
                Transport::Udp { checksum, .. } => checksum != 0 && full(protocol::UDP),
                Transport::Icmp6 { .. } => full(protocol::ICMPV6),
                Transport::Icmp { .. } | Transport::Other | Transport::None => true,
            }
        }
        Net::V4(_) | Net::V6(_) | Net::Arp(_) | Net::Other => true,
    }
}

/// The bytes that a transport checksum covers: of UDP as many as its length says.
fn covered<'a>(bytes: &'a [u8], l4: usize, end: usize, transport: &Transport) -> Option<&'a [u8]> {
    let segment = bytes.get(l4..end)?;
    match transport {
        Transport::Udp { .. } => {
            let &[_, _, _, _, l0, l1, ..] = segment.first_chunk::<8>()?;
            segment.get(..usize::from(u16::from_be_bytes([l0, l1])))
        }
        Transport::Tcp { .. }
        | Transport::Icmp { .. }
        | Transport::Icmp6 { .. }
        | Transport::Other
        | Transport::None => Some(segment),
    }
}
