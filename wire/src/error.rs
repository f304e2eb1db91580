//! Why bytes were refused.

use core::fmt;

/// Why a parser refused bytes. One reason, no data, so that it is cheap to return and to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParseError {
    /// The bytes end inside a header.
    Truncated,
    /// The version field names a version of the protocol that this is not.
    Version,
    /// A header length field is shorter than the fixed header or longer than what holds it.
    HeaderLength,
    /// A total or payload length field is shorter than its headers or longer than the frame.
    TotalLength,
    /// An IPv6 chain has more extension headers than are walked, or two fragment headers.
    ExtensionHeaders,
    /// An ARP packet is not one of IPv4 over Ethernet (RFC 826).
    Arp,
    /// A slow protocol's subtype is another one (802.3 Annex 57A).
    Subtype,
    /// A TLV of a slow protocol has a type that its place does not allow.
    TlvType,
    /// A TLV of a slow protocol has a length that its type does not allow.
    TlvLength,
    /// A Neighbor Discovery message breaks a rule of RFC 4861 section 7.1.
    Neighbor,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the bytes end inside a header",
            Self::Version => "the version is not supported",
            Self::HeaderLength => "a header length is impossible",
            Self::TotalLength => "a total length does not fit the frame",
            Self::ExtensionHeaders => "the IPv6 extension headers are too many or repeat",
            Self::Arp => "the ARP packet is not IPv4 over Ethernet",
            Self::Subtype => "the slow protocol subtype is another one",
            Self::TlvType => "a TLV has the wrong type",
            Self::TlvLength => "a TLV has the wrong length",
            Self::Neighbor => "the Neighbor Discovery message is invalid",
        })
    }
}

impl core::error::Error for ParseError {}
