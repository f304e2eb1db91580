//! Neighbor solicitation and advertisement (RFC 4861 4.3, 4.4) with their link-layer address
//! option (4.6.1).
//!
//! ```text
//! type=135|136 code=0 checksum(2) R S O reserved(29 bits) target(16) options
//! option: type(1)=1 source | 2 target, length(1)=1 in units of 8 bytes, mac(6)
//! ```
//! Of the rules in RFC 4861 7.1 those of the message alone are checked here. The caller checks
//! that the hop limit is 255, that the checksum is right
//! ([`transport_valid`](crate::checksum::transport_valid)), and what hangs on IP addresses.

use core::net::Ipv6Addr;

use super::{NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION};
use crate::{Mac, ParseError, checksum, protocol};

/// The longest message that is emitted: with one link-layer address option.
pub const MESSAGE_MAX: usize = 32;

const SOURCE_LINK_LAYER: u8 = 1;
const TARGET_LINK_LAYER: u8 = 2;
const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;

/// A neighbor solicitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeighborSolicitation {
    /// The address that is asked for.
    pub target: Ipv6Addr,
    /// The asker's link-layer address; none when it asks from the unspecified address.
    pub source_mac: Option<Mac>,
}

/// A neighbor advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeighborAdvertisement {
    /// R: the sender is a router.
    pub router: bool,
    /// S: this answers a solicitation.
    pub solicited: bool,
    /// O: this replaces what is cached.
    pub overriding: bool,
    /// The address that is spoken of.
    pub target: Ipv6Addr,
    /// The target's link-layer address.
    pub target_mac: Option<Mac>,
}

impl NeighborSolicitation {
    /// Reads a message from its ICMPv6 type to the packet's end.
    ///
    /// # Errors
    /// Fewer than 24 bytes, another type or code, a multicast target, an option of length zero or
    /// longer than the message.
    pub fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let (_, target, options) = split(message, NEIGHBOR_SOLICITATION)?;
        Ok(Self {
            target,
            source_mac: link_layer(options, SOURCE_LINK_LAYER)?,
        })
    }

    /// The message with its checksum for these IP addresses.
    #[must_use]
    pub fn emit(&self, source: Ipv6Addr, destination: Ipv6Addr) -> heapless::Vec<u8, MESSAGE_MAX> {
        let head = [NEIGHBOR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
        build(
            head,
            self.target,
            SOURCE_LINK_LAYER,
            self.source_mac,
            (source, destination),
        )
    }
}

impl NeighborAdvertisement {
    /// Reads a message from its ICMPv6 type to the packet's end.
    ///
    /// # Errors
    /// Fewer than 24 bytes, another type or code, a multicast target, an option of length zero or
    /// longer than the message.
    pub fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let (flags, target, options) = split(message, NEIGHBOR_ADVERTISEMENT)?;
        Ok(Self {
            router: flags & ROUTER != 0,
            solicited: flags & SOLICITED != 0,
            overriding: flags & OVERRIDE != 0,
            target,
            target_mac: link_layer(options, TARGET_LINK_LAYER)?,
        })
    }

    /// The message with its checksum for these IP addresses.
    #[must_use]
    pub fn emit(&self, source: Ipv6Addr, destination: Ipv6Addr) -> heapless::Vec<u8, MESSAGE_MAX> {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(self.router, ROUTER)
            | flag(self.solicited, SOLICITED)
            | flag(self.overriding, OVERRIDE);
        let head = [NEIGHBOR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0];
        build(
            head,
            self.target,
            TARGET_LINK_LAYER,
            self.target_mac,
            (source, destination),
        )
    }
}

/// The solicited-node multicast address of a unicast address (RFC 4291 2.7.1).
#[must_use]
pub const fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    let tail = u16::from_be_bytes([b, c]);
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, u16::from_be_bytes([0xff, a]), tail)
}

/// The Ethernet group address of an IPv6 multicast address (RFC 2464 section 7).
#[must_use]
pub const fn multicast_mac(address: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = address.octets();
    Mac([0x33, 0x33, a, b, c, d])
}

/// The flags, the target and the options of a message of one type.
fn split(message: &[u8], wanted: u8) -> Result<(u8, Ipv6Addr, &[u8]), ParseError> {
    let (&[kind, code, _, _, flags, _, _, _], rest) = message
        .split_first_chunk::<8>()
        .ok_or(ParseError::Truncated)?;
    let (target, options) = rest
        .split_first_chunk::<16>()
        .ok_or(ParseError::Truncated)?;
    let target = Ipv6Addr::from(*target);
    if kind != wanted || code != 0 || target.is_multicast() {
        return Err(ParseError::Neighbor);
    }
    Ok((flags, target, options))
}

/// The first Ethernet address in options of one type; all options are checked (RFC 4861 7.1.1,
/// 7.1.2), those of other types are passed over (4.6).
fn link_layer(mut options: &[u8], wanted: u8) -> Result<Option<Mac>, ParseError> {
    let mut found = None;
    while let &[kind, units, ..] = options {
        let (option, rest) = options
            .split_at_checked(usize::from(units) * 8)
            .ok_or(ParseError::Neighbor)?;
        if units == 0 {
            return Err(ParseError::Neighbor);
        }
        if let (true, None, &[_, 1, a, b, c, d, e, f]) = (kind == wanted, found, option) {
            found = Some(Mac([a, b, c, d, e, f]));
        }
        options = rest;
    }
    // One byte is no option.
    if options.is_empty() {
        Ok(found)
    } else {
        Err(ParseError::Neighbor)
    }
}

/// A message and its checksum, which the head holds as zero.
fn build(
    head: [u8; 8],
    target: Ipv6Addr,
    option: u8,
    mac: Option<Mac>,
    (source, destination): (Ipv6Addr, Ipv6Addr),
) -> heapless::Vec<u8, MESSAGE_MAX> {
    let mac = mac.map(|Mac([a, b, c, d, e, f])| [option, 1, a, b, c, d, e, f]);
    let parts = head
        .into_iter()
        .chain(target.octets())
        .chain(mac.into_iter().flatten());
    let mut message: heapless::Vec<u8, MESSAGE_MAX> = parts.collect();
    let check = checksum::transport_v6(source, destination, protocol::ICMPV6, &message);
    if let Some([_, _, field @ .., _, _, _, _]) = message.first_chunk_mut::<8>() {
        *field = check.to_be_bytes();
    }
    message
}
