//! The VRRP version 3 advertisement (RFC 5798 5.1, 5.2).
//!
//! ```text
//! version=3|type=1 (4 bits each)  vrid(1)  priority(1)  count(1)
//! reserved(4 bits) max_adver_int(12 bits, hundredths of a second)  checksum(2)
//! addresses: count times 4 bytes, or count times 16 bytes
//! ```
//! IPv6 sums its pseudo-header with the message. Over IPv4 both forms are in use: RFC 5798 5.2.8
//! has a pseudo-header there too, RFC 9568 5.2.8 sums the message alone. A reader takes either.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::icmpv6::multicast_mac;
use crate::{Mac, checksum, protocol};

/// The version that is spoken.
pub const VERSION: u8 = 3;
/// The only type there is: ADVERTISEMENT.
pub const ADVERTISEMENT: u8 = 1;
/// The length of the fixed fields in bytes.
pub const HEADER_LEN: usize = 8;
/// The longest message: 255 addresses of IPv6.
pub const MESSAGE_MAX: usize = HEADER_LEN + 255 * 16;
/// The TTL or hop limit of every advert, so that none comes from beyond the link.
pub const HOPS: u8 = 255;
/// The longest interval that the field holds, in hundredths of a second.
pub const MAX_ADVER_INT: u16 = 0x0fff;
/// The IPv4 group of all routers that speak VRRP.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// The IPv6 group of all routers that speak VRRP.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// The Ethernet address of [`GROUP_V4`] (RFC 1112 6.4).
pub const GROUP_V4_MAC: Mac = Mac([0x01, 0x00, 0x5e, 0x00, 0x00, 0x12]);
/// The Ethernet address of [`GROUP_V6`].
pub const GROUP_V6_MAC: Mac = multicast_mac(GROUP_V6);

/// The first byte of CARP, which shares the protocol number: version 2, type 1.
const CARP: u8 = 0x21;
/// The length of a CARP advert, which is that of no VRRP version 2 message.
const CARP_LEN: usize = 36;

/// What a checksum was summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A pseudo-header and the message: RFC 5798, and IPv6 always.
    PseudoHeader,
    /// The message alone: IPv4 in RFC 9568.
    MessageOnly,
}

/// Why a message is no advert of version 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invalid {
    /// Fewer bytes than the fixed fields, or another number than the count of addresses makes.
    Length,
    /// A CARP advert: another protocol under VRRP's number.
    Carp,
    /// Version 2.
    Version2,
    /// Another version than 2 or 3.
    Version,
    /// Another type than ADVERTISEMENT.
    Type,
    /// No address.
    Count,
    /// Neither form of the checksum is right.
    Checksum,
    /// An interval of 0.
    Interval,
    /// The first IPv6 address is not link-local.
    LinkLocal,
    /// VRID 0, which no virtual router has.
    Vrid,
}

/// The addresses of a virtual router: of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses<'a> {
    /// IPv4 addresses.
    V4(&'a [[u8; 4]]),
    /// IPv6 addresses, the link-local one first.
    V6(&'a [[u8; 16]]),
}

/// An advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement<'a> {
    /// The virtual router's identifier.
    pub vrid: u8,
    /// The sender's priority; 0: it leaves.
    pub priority: u8,
    /// How often the sender sends, in hundredths of a second; 12 bits.
    pub max_adver_int: u16,
    /// The virtual router's addresses.
    pub addresses: Addresses<'a>,
}

impl Addresses<'_> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::V4(addresses) => addresses.len(),
            Self::V6(addresses) => addresses.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The addresses in their order.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        let (v4, v6): (&[[u8; 4]], &[[u8; 16]]) = match self {
            Self::V4(addresses) => (addresses, &[]),
            Self::V6(addresses) => (&[], addresses),
        };
        let v4 = v4.iter().map(|bytes| IpAddr::from(*bytes));
        v4.chain(v6.iter().map(|bytes| IpAddr::from(*bytes)))
    }

    /// Their bytes.
    const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V4(addresses) => addresses.as_flattened(),
            Self::V6(addresses) => addresses.as_flattened(),
        }
    }
}

impl<'a> Advertisement<'a> {
    /// Reads a message: all that its IP packet holds after the headers, and nothing else. Says
    /// which form its checksum has. What is reserved is not looked at.
    ///
    /// # Errors
    /// In this order: shorter than the fixed fields, a CARP advert, another version, another type,
    /// no address, a length that is not the count's, a checksum that is right in neither form, an
    /// interval of 0, VRID 0, a first IPv6 address that is not link-local. Source and destination of
    /// two families have no checksum that is right.
    pub fn parse(
        message: &'a [u8],
        source: IpAddr,
        destination: IpAddr,
    ) -> Result<(Self, Form), Invalid> {
        let (&[first, vrid, priority, count, i0, i1, _, _], rest) =
            message.split_first_chunk::<8>().ok_or(Invalid::Length)?;
        check_kind(first, message.len())?;
        if count == 0 {
            return Err(Invalid::Count);
        }
        let addresses = split(rest, source)
            .filter(|addresses| addresses.len() == usize::from(count))
            .ok_or(Invalid::Length)?;
        let form = form(message, source, destination).ok_or(Invalid::Checksum)?;
        let max_adver_int = u16::from_be_bytes([i0, i1]) & MAX_ADVER_INT;
        if max_adver_int == 0 {
            return Err(Invalid::Interval);
        }
        if vrid == 0 {
            return Err(Invalid::Vrid);
        }
        if let Addresses::V6([first, ..]) = addresses
            && !Ipv6Addr::from(*first).is_unicast_link_local()
        {
            return Err(Invalid::LinkLocal);
        }
        let advertisement = Self {
            vrid,
            priority,
            max_adver_int,
            addresses,
        };
        Ok((advertisement, form))
    }

    /// The message, for these IP addresses and in this form. At most 255 addresses; the interval's
    /// upper four bits are left out.
    #[must_use]
    pub fn emit(
        &self,
        source: IpAddr,
        destination: IpAddr,
        form: Form,
    ) -> heapless::Vec<u8, MESSAGE_MAX> {
        let count = u8::try_from(self.addresses.len()).unwrap_or(u8::MAX);
        let [i0, i1] = (self.max_adver_int & MAX_ADVER_INT).to_be_bytes();
        let head = [
            VERSION << 4 | ADVERTISEMENT,
            self.vrid,
            self.priority,
            count,
            i0,
            i1,
            0,
            0,
        ];
        let addresses = self.addresses.as_bytes().iter().copied();
        let parts = head.into_iter().chain(addresses);
        let mut message: heapless::Vec<u8, MESSAGE_MAX> = parts.take(MESSAGE_MAX).collect();
        let check = sum(&message, source, destination, form).unwrap_or(0);
        if let Some([.., c0, c1]) = message.first_chunk_mut::<HEADER_LEN>() {
            [*c0, *c1] = check.to_be_bytes();
        }
        message
    }
}

/// Version and type; a look-alike is told apart by its length.
const fn check_kind(first: u8, len: usize) -> Result<(), Invalid> {
    match (first >> 4, first & 0xf) {
        (VERSION, ADVERTISEMENT) => Ok(()),
        (VERSION, _) => Err(Invalid::Type),
        (2, _) if first == CARP && len == CARP_LEN => Err(Invalid::Carp),
        (2, _) => Err(Invalid::Version2),
        (_, _) => Err(Invalid::Version),
    }
}

/// Whole addresses of the source's family; none if bytes are left over.
const fn split(bytes: &[u8], source: IpAddr) -> Option<Addresses<'_>> {
    match source {
        IpAddr::V4(_) => match bytes.as_chunks::<4>() {
            (addresses, []) => Some(Addresses::V4(addresses)),
            (_, _) => None,
        },
        IpAddr::V6(_) => match bytes.as_chunks::<16>() {
            (addresses, []) => Some(Addresses::V6(addresses)),
            (_, _) => None,
        },
    }
}

/// The form in which the message's checksum is right.
fn form(message: &[u8], source: IpAddr, destination: IpAddr) -> Option<Form> {
    [Form::PseudoHeader, Form::MessageOnly]
        .into_iter()
        .find(|form| sum(message, source, destination, *form) == Some(0))
}

/// The checksum of a message in a form; none where there is no such form.
fn sum(message: &[u8], source: IpAddr, destination: IpAddr, form: Form) -> Option<u16> {
    match (source, destination, form) {
        (IpAddr::V4(source), IpAddr::V4(destination), Form::PseudoHeader) => {
            let sum = checksum::transport_v4(source, destination, protocol::VRRP, message);
            Some(sum)
        }
        (IpAddr::V4(_), IpAddr::V4(_), Form::MessageOnly) => {
            Some(checksum::ones_complement(message))
        }
        (IpAddr::V6(source), IpAddr::V6(destination), Form::PseudoHeader) => {
            let sum = checksum::transport_v6(source, destination, protocol::VRRP, message);
            Some(sum)
        }
        (IpAddr::V6(_), IpAddr::V6(_), Form::MessageOnly)
        | (IpAddr::V4(_), IpAddr::V6(_), _)
        | (IpAddr::V6(_), IpAddr::V4(_), _) => None,
    }
}
