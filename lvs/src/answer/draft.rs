//! A frame being written, front to back.

use wire::Mac;
use wire::checksum::{ones_complement, transport_v4, transport_v6};
use wire::headers::Headers;
use wire::protocol;

use crate::DropReason;
use crate::address::Address;
use crate::bytes::put;

/// The TTL of what we send, and the shortest frame without its FCS (802.3).
const TTL: u8 = 64;
const FRAME_MIN: usize = 60;

/// The bytes written so far.
#[derive(Debug)]
pub struct Draft<'r> {
    room: &'r mut [u8],
    len: usize,
}

/// What a network header says.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// The source.
    pub from: Address,
    /// The destination, of the same family.
    pub to: Address,
    /// The transport protocol.
    pub protocol: u8,
    /// Type of service or traffic class.
    pub class: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Bytes that follow the header.
    pub payload: usize,
}

impl Network {
    /// A header with the usual TTL and no class.
    pub const fn new(from: Address, to: Address, protocol: u8, payload: usize) -> Self {
        Self {
            from,
            to,
            protocol,
            class: 0,
            ttl: TTL,
            payload,
        }
    }
}

impl<'r> Draft<'r> {
    /// Begins a frame to a station, in the VLAN of the frame that is answered.
    pub fn new(
        room: &'r mut [u8],
        frame: &[u8],
        headers: &Headers,
        from: Mac,
        to: Mac,
    ) -> Result<Self, DropReason> {
        let tags = frame.get(12..headers.l3).ok_or(DropReason::Malformed)?;
        let mut draft = Self { room, len: 0 };
        draft.push(&to.0)?;
        draft.push(&from.0)?;
        draft.push(tags)?;
        Ok(draft)
    }

    /// Writes bytes after those that are there.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DropReason> {
        let room = self.room.get_mut(self.len..).unwrap_or_default();
        let room = room
            .get_mut(..bytes.len())
            .ok_or(DropReason::ReplyTooLong)?;
        room.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }

    /// Writes a network header; returns where the transport header begins.
    pub fn network(&mut self, network: &Network) -> Result<usize, DropReason> {
        match (network.from.to_v4(), network.to.to_v4()) {
            (Some(from), Some(to)) => {
                let total = length(network.payload + 20)?;
                self.push(&ipv4(network, total, from.octets(), to.octets()))?;
            }
            _ => {
                let [c0, c1] = (u16::from(network.class) << 4 | 0x6000).to_be_bytes();
                let [l0, l1] = length(network.payload)?;
                self.push(&[c0, c1, 0, 0, l0, l1, network.protocol, network.ttl])?;
                self.push(&network.from.to_bits().to_be_bytes())?;
                self.push(&network.to.to_bits().to_be_bytes())?;
            }
        }
        Ok(self.len)
    }

    /// Writes the transport checksum, whose field holds 0, at `at` bytes into the transport header.
    pub fn seal(&mut self, network: &Network, l4: usize, at: usize) -> Result<(), DropReason> {
        let segment = self.room.get(l4..self.len).unwrap_or_default();
        let check = match (network.from.to_v4(), network.to.to_v4()) {
            (Some(_), Some(_)) if network.protocol == protocol::ICMP => ones_complement(segment),
            (Some(from), Some(to)) => transport_v4(from, to, network.protocol, segment),
            _ => {
                let [from, to] = [network.from, network.to]
                    .map(|address| core::net::Ipv6Addr::from_bits(address.to_bits()));
                transport_v6(from, to, network.protocol, segment)
            }
        };
        put(self.room, l4 + at, check.to_be_bytes()).ok_or(DropReason::ReplyTooLong)
    }

    /// The finished frame's length, padding included.
    pub fn finish(mut self) -> Result<usize, DropReason> {
        let padding = FRAME_MIN.saturating_sub(self.len);
        self.push([0; FRAME_MIN].get(..padding).unwrap_or_default())?;
        Ok(self.len)
    }
}

fn length(bytes: usize) -> Result<[u8; 2], DropReason> {
    u16::try_from(bytes)
        .map(u16::to_be_bytes)
        .map_err(|_| DropReason::ReplyTooLong)
}

/// An IPv4 header without options; our packets are never fragmented (RFC 6864: the id may be 0).
fn ipv4(network: &Network, total: [u8; 2], from: [u8; 4], to: [u8; 4]) -> [u8; 20] {
    let Network {
        protocol,
        class,
        ttl,
        ..
    } = *network;
    let ([t0, t1], [f0, f1, f2, f3], [d0, d1, d2, d3]) = (total, from, to);
    let header = |[c0, c1]: [u8; 2]| {
        [
            0x45, class, t0, t1, 0, 0, 0x40, 0, ttl, protocol, c0, c1, f0, f1, f2, f3, d0, d1, d2,
            d3,
        ]
    };
    header(ones_complement(&header([0, 0])).to_be_bytes())
}
