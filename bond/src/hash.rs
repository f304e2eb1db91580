//! The transmit hash: which member a flow takes. Equal to Linux bonding's, bit for bit, so that a
//! capture on either side of a change from Linux shows the same flow on the same member.
//!
//! Words are loaded as little-endian, as Linux does on x86. A tag in the frame counts as its
//! ethertype, so a tagged frame hashes by layer 2, as it does in Linux when the tag is in the frame.

use crate::XmitHashPolicy;

const ETHERNET_LEN: usize = 14;
const ICMP_LEN: usize = 8;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// What layer 3 and 4 contribute.
#[derive(Clone, Copy, Default)]
struct Flow {
    /// Source and destination addresses, folded into 32 bits each and combined.
    addresses: u32,
    /// Both ports, or an ICMP identifier; 0: neither.
    ports: u32,
}

/// A network header.
struct Header {
    addresses: u32,
    /// None: a fragment, whose ports later fragments would not have.
    protocol: Option<u8>,
    /// Where the next header begins.
    next: usize,
}

/// The hash of a whole Ethernet frame. What is too short to be what it says hashes by the
/// headers that are there; no frame panics.
#[must_use]
pub fn xmit_hash(policy: XmitHashPolicy, frame: &[u8]) -> u32 {
    let layer2 = ethernet(frame);
    match policy {
        XmitHashPolicy::Layer2 => layer2,
        XmitHashPolicy::Layer23 => flow(frame).map_or(layer2, |flow| fold(layer2 ^ flow.addresses)),
        XmitHashPolicy::Layer34 => {
            flow(frame).map_or(layer2, |flow| fold(flow.ports ^ flow.addresses) >> 1)
        }
    }
}

fn fold(hash: u32) -> u32 {
    let hash = hash ^ (hash >> 16);
    hash ^ (hash >> 8)
}

fn ethernet(frame: &[u8]) -> u32 {
    let Some(&[_, _, _, _, _, destination, _, _, _, _, _, source, high, low]) =
        frame.first_chunk::<ETHERNET_LEN>()
    else {
        return 0;
    };
    u32::from(destination ^ source) ^ u32::from(u16::from_be_bytes([high, low]))
}

/// The flow of an IP frame; None: not IP, or not all of its header.
fn flow(frame: &[u8]) -> Option<Flow> {
    let ethertype = u16::from_be_bytes(bytes(frame, 12)?);
    let header = network(frame, ethertype, ETHERNET_LEN)?;
    let flow = |header: &Header| Flow {
        addresses: header.addresses,
        ports: header
            .protocol
            .map_or(0, |protocol| ports(frame, protocol, header.next)),
    };
    let Some(protocol @ (ICMP | ICMPV6)) = header.protocol else {
        return Some(flow(&header));
    };
    match icmp(frame, protocol, header.next) {
        Icmp::Identified(ports) => Some(Flow {
            addresses: header.addresses,
            ports,
        }),
        Icmp::Other => Some(Flow {
            addresses: header.addresses,
            ports: 0,
        }),
        // An error follows the flow it is about: the packet that it quotes decides.
        Icmp::Error => network(frame, ethertype, header.next + ICMP_LEN)
            .as_ref()
            .map(flow),
    }
}

fn network(frame: &[u8], ethertype: u16, at: usize) -> Option<Header> {
    match ethertype {
        0x0800 => {
            let header: [u8; 20] = bytes(frame, at)?;
            let [
                version,
                _,
                _,
                _,
                _,
                _,
                fragment,
                offset,
                _,
                protocol,
                _,
                _,
                addresses @ ..,
            ] = header;
            let whole = u16::from_be_bytes([fragment, offset]) & 0x3fff == 0;
            Some(Header {
                addresses: xor_words(&addresses),
                protocol: whole.then_some(protocol),
                next: at + usize::from(version & 0x0f) * 4,
            })
        }
        0x86dd => {
            let header: [u8; 40] = bytes(frame, at)?;
            let [_, _, _, _, _, _, next_header, _, addresses @ ..] = header;
            Some(Header {
                addresses: xor_words(&addresses),
                protocol: Some(next_header),
                next: at + header.len(),
            })
        }
        _ => None,
    }
}

fn xor_words(addresses: &[u8]) -> u32 {
    let (words, _) = addresses.as_chunks::<4>();
    words
        .iter()
        .fold(0, |sum, word| sum ^ u32::from_le_bytes(*word))
}

fn ports(frame: &[u8], protocol: u8, at: usize) -> u32 {
    let at = match protocol {
        // TCP, UDP, DCCP, ESP, SCTP, UDP-Lite.
        6 | 17 | 33 | 50 | 132 | 136 => at,
        // AH: its SPI stands behind four other bytes.
        51 => at + 4,
        _ => return 0,
    };
    bytes(frame, at).map_or(0, u32::from_le_bytes)
}

enum Icmp {
    /// A query or an answer with an identifier: type, code and identifier.
    Identified(u32),
    /// An error, which quotes a packet.
    Error,
    Other,
}

fn icmp(frame: &[u8], protocol: u8, at: usize) -> Icmp {
    let Some([kind, code, _, _, high, low, _, _]) = bytes::<ICMP_LEN>(frame, at) else {
        return Icmp::Other;
    };
    match (protocol, kind) {
        // Linux looks for both families' kinds in either family.
        (_, 0 | 8 | 13 | 14 | 128 | 129) => {
            // An identifier of 0 counts as 1, so that "has none" stays distinct.
            let identifier = u16::from_be_bytes([high, low]).max(1);
            let [a, b] = identifier.to_le_bytes();
            Icmp::Identified(u32::from_le_bytes([kind, code, a, b]))
        }
        (ICMP, 3 | 4 | 5 | 11 | 12) | (ICMPV6, 1..=4) => Icmp::Error,
        _ => Icmp::Other,
    }
}

fn bytes<const N: usize>(frame: &[u8], at: usize) -> Option<[u8; N]> {
    frame.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
#[path = "tests/hash.rs"]
mod tests;
