//! Network address translation: requests get the real's address and port as their destination,
//! replies the virtual ones as their source. Checksums are carried incrementally (RFC 1624).

use wire::checksum::{update16, update32, update128};

use super::lower_ttl;
use crate::address::{Address, Endpoint};
use crate::bytes::{change16, put};
use crate::packet::{Family, Packet};

/// The checksum's offset in a TCP header (RFC 9293 3.1).
const TCP_CHECKSUM: usize = 16;

/// Which end of a packet is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The source.
    Source,
    /// The destination.
    Destination,
}

/// A translation of one end of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which end.
    pub end: End,
    /// What stands there.
    pub from: Endpoint,
    /// What shall stand there, of the same family.
    pub to: Endpoint,
}

/// Translates a TCP packet and lowers its TTL. `None` when the frame is shorter than its headers
/// say.
#[inline]
pub fn translate(frame: &mut [u8], packet: &Packet, change: &Change) -> Option<()> {
    let Change { end, from, to } = *change;
    lower_ttl(frame, packet)?;
    set_address(
        frame,
        packet.family,
        packet.l3,
        end,
        from.address,
        to.address,
    )?;
    put(frame, packet.l4 + port_offset(end), to.port.to_be_bytes())?;
    change16(frame, packet.l4 + TCP_CHECKSUM, |check| {
        let check = update_address(check, packet.family, from.address, to.address);
        update16(check, from.port, to.port)
    })
}

/// Where a port stands in a transport header.
#[inline]
pub const fn port_offset(end: End) -> usize {
    match end {
        End::Source => 0,
        End::Destination => 2,
    }
}

/// Writes an address into the network header at `l3` and mends that header's own checksum.
#[inline]
pub fn set_address(
    frame: &mut [u8],
    family: Family,
    l3: usize,
    end: End,
    from: Address,
    to: Address,
) -> Option<()> {
    let bits = to.to_bits().to_be_bytes();
    match (family, end) {
        (Family::V4, _) => {
            let [.., a, b, c, d] = bits;
            put(
                frame,
                l3 + if end == End::Source { 12 } else { 16 },
                [a, b, c, d],
            )?;
            change16(frame, l3 + 10, |check| {
                update_address(check, family, from, to)
            })
        }
        (Family::V6, End::Source) => put(frame, l3 + 8, bits),
        (Family::V6, End::Destination) => put(frame, l3 + 24, bits),
    }
}

/// A checksum after an address that it covers has changed.
#[inline]
pub fn update_address(check: u16, family: Family, from: Address, to: Address) -> u16 {
    match family {
        Family::V4 => update32(check, low_bits(from), low_bits(to)),
        Family::V6 => update128(check, from.to_bits(), to.to_bits()),
    }
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "an IPv4 address is the low 32 bits"
)]
const fn low_bits(address: Address) -> u32 {
    address.to_bits() as u32
}
