//! The flow of the first IP header, for `layer2+3` and `layer3+4`. An ICMP error counts as the flow that
//! it is about.

use super::{Flow, Frame, ICMP, ICMPV6, IPV4, IPV6, bytes, icmp_identifier, ports, xor_words};

const ICMP_LEN: usize = 8;

/// A network header.
struct Header {
    addresses: u32,
    /// None: a fragment, whose ports later fragments would not have.
    protocol: Option<u8>,
    /// Where the next header begins.
    next: usize,
}

/// The flow of an IP frame; None: not IP, or not all of its header.
pub(super) fn flow(frame: &Frame<'_>) -> Option<Flow> {
    let header = network(frame.bytes, frame.ethertype, frame.network)?;
    let flow = |header: &Header| Flow {
        addresses: header.addresses,
        ports: header
            .protocol
            .map_or(0, |protocol| ports(frame.bytes, protocol, header.next)),
    };
    let Some(protocol @ (ICMP | ICMPV6)) = header.protocol else {
        return Some(flow(&header));
    };
    match icmp(frame.bytes, protocol, header.next) {
        Icmp::Identified(ports) => Some(Flow {
            addresses: header.addresses,
            ports,
        }),
        Icmp::Other => Some(Flow {
            addresses: header.addresses,
            ports: 0,
        }),
        // An error follows the flow it is about: the packet that it quotes decides.
        Icmp::Error => network(frame.bytes, frame.ethertype, header.next + ICMP_LEN)
            .as_ref()
            .map(flow),
    }
}

fn network(frame: &[u8], ethertype: u16, at: usize) -> Option<Header> {
    match ethertype {
        IPV4 => {
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
        IPV6 => {
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

enum Icmp {
    /// A query or an answer with an identifier: type, code and identifier.
    Identified(u32),
    /// An error, which quotes a packet.
    Error,
    Other,
}

fn icmp(frame: &[u8], protocol: u8, at: usize) -> Icmp {
    let Some(header) = bytes::<ICMP_LEN>(frame, at) else {
        return Icmp::Other;
    };
    if let Some(identified) = icmp_identifier(header) {
        return Icmp::Identified(identified);
    }
    let [kind, ..] = header;
    match (protocol, kind) {
        (ICMP, 3 | 4 | 5 | 11 | 12) | (ICMPV6, 1..=4) => Icmp::Error,
        _ => Icmp::Other,
    }
}
