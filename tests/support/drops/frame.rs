//! Frames, built by an encoder that shares nothing with the appliance's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context, Result, bail};
use etherparse::{
    ArpHardwareId, ArpOperation, ArpPacket, EtherType, Icmpv6Header, Icmpv6Type, IpNumber,
    Ipv6Header, PacketBuilder, PacketBuilderStep, TcpHeader,
};

/// Source and destination of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Source MAC address.
    pub source: [u8; 6],
    /// Destination MAC address.
    pub destination: [u8; 6],
    /// Source IP address.
    pub from: IpAddr,
    /// Destination IP address, of the same family.
    pub to: IpAddr,
}

/// Octets of an Ethernet header.
pub const ETHERNET: usize = 14;

impl Way {
    /// A TCP segment without payload.
    pub fn tcp(&self, source: u16, destination: u16, flags: Flags) -> Result<Vec<u8>> {
        let mut header = TcpHeader::new(source, destination, 1, 64_240);
        (header.syn, header.ack, header.rst) = match flags {
            Flags::Syn => (true, false, false),
            Flags::Ack => (false, true, false),
            Flags::Rst => (false, false, true),
        };
        let mut frame = Vec::new();
        let builder = self.ip(64)?.tcp_header(header);
        builder
            .write(&mut frame, &[])
            .context("building a TCP frame")?;
        Ok(frame)
    }

    /// An IP packet of `protocol` with eight octets that mean nothing.
    pub fn raw(&self, protocol: u8) -> Result<Vec<u8>> {
        let mut frame = Vec::new();
        let builder = self.ip(64)?;
        builder
            .write(&mut frame, IpNumber(protocol), &[0; 8])
            .context("building a frame")?;
        Ok(frame)
    }

    /// An ICMPv4 message given as type, code and the octets after the checksum, with `ttl`.
    pub fn icmpv4(
        &self,
        ttl: u8,
        kind: u8,
        code: u8,
        rest: [u8; 4],
        payload: &[u8],
    ) -> Result<Vec<u8>> {
        let mut frame = Vec::new();
        let builder = self.ip(ttl)?.icmpv4_raw(kind, code, rest);
        builder
            .write(&mut frame, payload)
            .context("building an ICMP frame")?;
        Ok(frame)
    }

    fn ip(&self, ttl: u8) -> Result<PacketBuilderStep<etherparse::IpHeaders>> {
        let ethernet = PacketBuilder::ethernet2(self.source, self.destination);
        match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                Ok(ethernet.ipv4(from.octets(), to.octets(), ttl))
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                Ok(ethernet.ipv6(from.octets(), to.octets(), ttl))
            }
            (from, to) => bail!("{from} and {to} are of two families"),
        }
    }
}

/// What a TCP segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flags {
    /// Opens a connection.
    Syn,
    /// Belongs to an open one.
    Ack,
    /// Ends one.
    Rst,
}

/// A gratuitous ARP request: `mac` claims `address`.
pub fn arp_claim(mac: [u8; 6], address: Ipv4Addr) -> Result<Vec<u8>> {
    let octets = address.octets();
    let packet = ArpPacket::new(
        ArpHardwareId::ETHERNET,
        EtherType::IPV4,
        ArpOperation::REQUEST,
        &mac,
        &octets,
        &[0; 6],
        &octets,
    )
    .context("building an ARP packet")?;
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(mac, [0xff; 6])
        .arp(packet)
        .write(&mut frame)
        .context("building a frame")?;
    Ok(frame)
}

/// A neighbour solicitation for `target` with a hop limit of its own.
pub fn solicitation(
    source: [u8; 6],
    from: Ipv6Addr,
    target: Ipv6Addr,
    hop_limit: u8,
) -> Result<Vec<u8>> {
    let low = target.octets();
    let [.., x, y, z] = low;
    let group = Ipv6Addr::new(
        0xff02,
        0,
        0,
        0,
        0,
        1,
        0xff00 | u16::from(x),
        u16::from_be_bytes([y, z]),
    );
    let mut body = low.to_vec();
    body.extend([1, 1]); // source link-layer address, one unit of eight octets
    body.extend(source);
    let kind = Icmpv6Type::NeighborSolicitation;
    let header = Icmpv6Header::with_checksum(kind, from.octets(), group.octets(), &body)
        .context("building a solicitation")?;
    let mut payload = Vec::new();
    header
        .write(&mut payload)
        .context("building a solicitation")?;
    payload.extend(body);
    let mut frame = [[0x33, 0x33, 0xff, x, y, z], source].concat();
    frame.extend([0x86, 0xdd]);
    let ip = Ipv6Header {
        payload_length: u16::try_from(payload.len()).context("a long solicitation")?,
        next_header: IpNumber::IPV6_ICMP,
        hop_limit,
        source: from.octets(),
        destination: group.octets(),
        ..Ipv6Header::default()
    };
    ip.write(&mut frame).context("building a frame")?;
    frame.extend(payload);
    Ok(frame)
}
