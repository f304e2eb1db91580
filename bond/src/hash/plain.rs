//! The flow of what most frames are: TCP or UDP right behind IPv4 or IPv6, whole. The long ways down find the
//! same, and take longer to.

use super::{Flow, Frame, IPV4, IPV6, bytes, xor_words};

const TCP: u8 = 6;
const UDP: u8 = 17;
/// Version 4, five words of header.
const NO_OPTIONS: u8 = 0x45;

/// The flow; None: this is another frame.
#[inline]
pub(super) fn flow(frame: &Frame<'_>) -> Option<Flow> {
    match frame.ethertype {
        IPV4 => ipv4(bytes(frame.bytes, frame.network)?),
        IPV6 => ipv6(bytes(frame.bytes, frame.network)?),
        _ => None,
    }
}

#[inline]
fn ipv4(header: [u8; 24]) -> Option<Flow> {
    let [
        NO_OPTIONS,
        _,
        _,
        _,
        _,
        _,
        fragment,
        offset,
        _,
        TCP | UDP,
        _,
        _,
        rest @ ..,
    ] = header
    else {
        return None;
    };
    let is_whole = u16::from_be_bytes([fragment, offset]) & 0x3fff == 0;
    is_whole.then_some(())?;
    let [a, b, c, d, e, f, g, h, ports @ ..] = rest;
    Some(Flow {
        addresses: xor_words(&[a, b, c, d, e, f, g, h]),
        ports: u32::from_le_bytes(ports),
    })
}

#[inline]
fn ipv6(header: [u8; 44]) -> Option<Flow> {
    let [_, _, _, _, _, _, TCP | UDP, _, rest @ ..] = header else {
        return None;
    };
    let (addresses, [ports]) = rest.as_chunks::<4>().0.split_last_chunk::<1>()?;
    Some(Flow {
        addresses: xor_words(addresses.as_flattened()),
        ports: u32::from_le_bytes(*ports),
    })
}
