//! The transmit hash: which member a flow takes. Equal to Linux bonding's, bit for bit, so that a
//! capture on either side of a change from Linux shows the same flow on the same member.
//!
//! Words are loaded as little-endian, as Linux does on x86. A frame's outermost VLAN tag is no part of
//! it: Linux keeps it beside the frame, whether a NIC received it or a VLAN interface put it on.

mod innermost;
mod outermost;
mod plain;

use crate::XmitHashPolicy;

const ETHERNET_LEN: usize = 14;
const TAG_LEN: usize = 4;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const CUSTOMER_TAG: u16 = 0x8100;
const SERVICE_TAG: u16 = 0x88a8;

/// What layer 3 and 4 contribute.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    /// Source and destination addresses, folded into 32 bits each and combined.
    addresses: u32,
    /// Both ports, or an ICMP identifier; 0: neither.
    ports: u32,
}

/// A frame without its outermost tag.
#[derive(Clone, Copy, Debug)]
struct Frame<'f> {
    bytes: &'f [u8],
    /// The tag's 16 bits: priority and VLAN identifier.
    tag: Option<u16>,
    ethertype: u16,
    /// Where the network header begins.
    network: usize,
}

/// The hash of a whole Ethernet frame. What is too short to be what it says hashes by the
/// headers that are there; no frame panics.
#[must_use]
#[inline]
pub fn xmit_hash(policy: XmitHashPolicy, frame: &[u8]) -> u32 {
    let Some(frame) = Frame::new(frame) else {
        return 0;
    };
    match policy {
        XmitHashPolicy::Layer2 => frame.layer2(),
        XmitHashPolicy::VlanSrcmac => frame.vlan_srcmac(),
        XmitHashPolicy::Layer23 => {
            frame.with_layer2(plain::flow(&frame).or_else(|| outermost::flow(&frame)))
        }
        XmitHashPolicy::Layer34 => {
            frame.with_ports(plain::flow(&frame).or_else(|| outermost::flow(&frame)))
        }
        XmitHashPolicy::Encap23 => {
            frame.with_layer2(plain::flow(&frame).or_else(|| innermost::flow(&frame)))
        }
        XmitHashPolicy::Encap34 => {
            frame.with_ports(plain::flow(&frame).or_else(|| innermost::flow(&frame)))
        }
    }
}

impl<'f> Frame<'f> {
    /// None: shorter than an Ethernet header.
    #[inline]
    fn new(bytes: &'f [u8]) -> Option<Self> {
        let outer = be16(bytes, ETHERNET_LEN - 2)?;
        let untagged = Self {
            bytes,
            tag: None,
            ethertype: outer,
            network: ETHERNET_LEN,
        };
        if !is_tag(outer) {
            return Some(untagged);
        }
        let (tag, inner) = (be16(bytes, ETHERNET_LEN), be16(bytes, ETHERNET_LEN + 2));
        Some(inner.map_or(untagged, |ethertype| Self {
            bytes,
            tag,
            ethertype,
            network: ETHERNET_LEN + TAG_LEN,
        }))
    }

    /// `layer2+3` and its like; without a flow `layer2`.
    #[inline]
    fn with_layer2(&self, flow: Option<Flow>) -> u32 {
        let layer2 = self.layer2();
        flow.map_or(layer2, |flow| fold(layer2 ^ flow.addresses))
    }

    /// `layer3+4` and its like; without a flow `layer2`.
    #[inline]
    fn with_ports(&self, flow: Option<Flow>) -> u32 {
        let hash = |flow: Flow| fold(flow.ports ^ flow.addresses) >> 1;
        flow.map_or_else(|| self.layer2(), hash)
    }

    #[inline]
    fn layer2(&self) -> u32 {
        let last = |at: usize| self.bytes.get(at).copied().unwrap_or(0);
        u32::from(last(5) ^ last(11)) ^ u32::from(self.ethertype)
    }

    /// The tag counts with its priority, as in Linux.
    #[inline]
    fn vlan_srcmac(&self) -> u32 {
        let [a, b, c, d, e, f] = bytes(self.bytes, 6).unwrap_or_default();
        let half = |bytes: [u8; 3]| {
            let [high, middle, low] = bytes;
            u32::from_be_bytes([0, high, middle, low])
        };
        u32::from(self.tag.unwrap_or(0)) ^ half([a, b, c]) ^ half([d, e, f])
    }
}

#[inline]
fn is_tag(ethertype: u16) -> bool {
    matches!(ethertype, CUSTOMER_TAG | SERVICE_TAG)
}

#[inline]
fn fold(hash: u32) -> u32 {
    let hash = hash ^ (hash >> 16);
    hash ^ (hash >> 8)
}

#[inline]
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

/// Type, code and identifier of an ICMP message that has an identifier, as it is hashed. Linux looks
/// for both families' kinds in either family.
fn icmp_identifier(header: [u8; 8]) -> Option<u32> {
    let [kind, code, _, _, high, low, _, _] = header;
    if !matches!(kind, 0 | 8 | 13 | 14 | 128 | 129) {
        return None;
    }
    // An identifier of 0 counts as 1, so that "has none" stays distinct.
    let identifier = u16::from_be_bytes([high, low]).max(1);
    let [a, b] = identifier.to_le_bytes();
    Some(u32::from_le_bytes([kind, code, a, b]))
}

#[inline]
fn bytes<const N: usize>(frame: &[u8], at: usize) -> Option<[u8; N]> {
    frame.get(at..)?.first_chunk().copied()
}

#[inline]
fn be16(frame: &[u8], at: usize) -> Option<u16> {
    bytes(frame, at).map(u16::from_be_bytes)
}

#[cfg(test)]
#[path = "tests/hash.rs"]
mod tests;
