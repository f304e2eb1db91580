//! Micro-BFD's frame: Ethernet, IPv4 or IPv6, UDP and one control packet (RFC 7130 2.2).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{LEN, MICRO_GROUP, MICRO_PORT};
use crate::headers::{Fragment, Headers, Net, Transport};
use crate::{Mac, checksum, ethertype, protocol, slow};

/// The longest frame, without FCS: over IPv6.
pub const FRAME_MAX: usize = ETHERNET + IPV6 + UDP + LEN;

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const UDP: usize = 8;
/// Internetwork control (CS6): ahead of what it watches over.
const TRAFFIC_CLASS: u8 = 0xc0;

/// Why a frame carries no control packet of micro-BFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameInvalid {
    /// Not UDP to [`MICRO_PORT`], or of another VLAN: something else's.
    Other,
    /// Headers that contradict themselves, or a part of a datagram.
    Malformed,
    /// A checksum of IPv4 or UDP that is wrong.
    Checksum,
}

/// A frame of micro-BFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MicroFrame<'a> {
    /// The sender's IP address.
    pub source: IpAddr,
    /// The receiver's IP address.
    pub destination: IpAddr,
    /// The UDP source port; a sender takes one of [`super::SOURCE_PORTS`].
    pub source_port: u16,
    /// The TTL or hop limit, which a receiver has to check; [`super::HOPS`] is sent.
    pub hops: u8,
    /// The control packet, as it came.
    pub payload: &'a [u8],
}

impl<'a> MicroFrame<'a> {
    /// Reads a frame without FCS, untagged or with a priority tag (VLAN 0).
    ///
    /// # Errors
    /// A frame of something else, and one that breaks a rule of its headers.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameInvalid> {
        let headers = Headers::parse(bytes).map_err(|_| FrameInvalid::Malformed)?;
        if headers.vlan.is_some_and(|vlan| vlan.id() != 0) {
            return Err(FrameInvalid::Other);
        }
        let (transport, fragment, hops, l4, end) = match headers.net {
            Net::V4(ip) => (ip.transport, ip.fragment, ip.ttl, ip.l4, ip.end),
            Net::V6(ip) => (ip.transport, ip.fragment, ip.hop_limit, ip.l4, ip.end),
            Net::Arp(_) | Net::Other => return Err(FrameInvalid::Other),
        };
        let source_port = match transport {
            Transport::Udp {
                source,
                destination: MICRO_PORT,
                ..
            } => source,
            Transport::Udp { .. }
            | Transport::Tcp { .. }
            | Transport::Icmp { .. }
            | Transport::Icmp6 { .. }
            | Transport::Other
            | Transport::None => return Err(FrameInvalid::Other),
        };
        if fragment != Fragment::Whole {
            return Err(FrameInvalid::Malformed);
        }
        let (source, destination, is_header_valid) = match headers.net {
            Net::V4(ip) => {
                let header = bytes.get(headers.l3..l4).unwrap_or_default();
                let is_valid = checksum::ipv4_header_valid(header);
                (ip.source.into(), ip.destination.into(), is_valid)
            }
            Net::V6(ip) => (ip.source.into(), ip.destination.into(), true),
            Net::Arp(_) | Net::Other => return Err(FrameInvalid::Other),
        };
        if !is_header_valid || !checksum::transport_valid(bytes, &headers) {
            return Err(FrameInvalid::Checksum);
        }
        let payload = udp_payload(bytes.get(l4..end).unwrap_or_default())?;
        Ok(Self {
            source,
            destination,
            source_port,
            hops,
            payload,
        })
    }

    /// The frame, from a member's own MAC to [`MICRO_GROUP`], untagged. None: the addresses are of
    /// two families, or the payload is longer than a control packet.
    #[must_use]
    pub fn emit(&self, member: Mac) -> Option<heapless::Vec<u8, FRAME_MAX>> {
        let len = u16::try_from(UDP + self.payload.len()).ok()?;
        let mut udp = heapless::Vec::<u8, { UDP + LEN }>::new();
        for part in [
            &self.source_port.to_be_bytes()[..],
            &MICRO_PORT.to_be_bytes(),
            &len.to_be_bytes(),
            &[0, 0],
            self.payload,
        ] {
            udp.extend_from_slice(part).ok()?;
        }
        let mut frame = heapless::Vec::new();
        frame.extend_from_slice(&MICRO_GROUP.0).ok()?;
        frame.extend_from_slice(&member.0).ok()?;
        let sum = match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                frame
                    .extend_from_slice(&ethertype::IPV4.to_be_bytes())
                    .ok()?;
                frame
                    .extend_from_slice(&ipv4(source, destination, self.hops, udp.len())?)
                    .ok()?;
                checksum::transport_v4(source, destination, protocol::UDP, &udp)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                frame
                    .extend_from_slice(&ethertype::IPV6.to_be_bytes())
                    .ok()?;
                frame
                    .extend_from_slice(&ipv6(source, destination, self.hops, len))
                    .ok()?;
                checksum::transport_v6(source, destination, protocol::UDP, &udp)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
        };
        let sum = checksum::udp_on_wire(sum).to_be_bytes();
        for (byte, sum) in udp.iter_mut().skip(6).zip(sum) {
            *byte = sum;
        }
        frame.extend_from_slice(&udp).ok()?;
        Some(frame)
    }
}

/// What a UDP datagram carries, by its own length.
fn udp_payload(datagram: &[u8]) -> Result<&[u8], FrameInvalid> {
    let &[_, _, _, _, l0, l1, ..] = datagram else {
        return Err(FrameInvalid::Malformed);
    };
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    datagram.get(UDP..len).ok_or(FrameInvalid::Malformed)
}

fn ipv4(source: Ipv4Addr, destination: Ipv4Addr, hops: u8, payload: usize) -> Option<[u8; IPV4]> {
    let total = u16::try_from(IPV4 + payload).ok()?;
    let mut header = [0; IPV4];
    let fields = |check: u16, header: &mut [u8]| {
        slow::fill(
            header,
            &[
                &[0x45, TRAFFIC_CLASS],
                &total.to_be_bytes(),
                &[0, 0, 0, 0, hops, protocol::UDP],
                &check.to_be_bytes(),
                &source.octets(),
                &destination.octets(),
            ],
        );
    };
    fields(0, &mut header);
    let check = checksum::ones_complement(&header);
    fields(check, &mut header);
    Some(header)
}

fn ipv6(source: Ipv6Addr, destination: Ipv6Addr, hops: u8, len: u16) -> [u8; IPV6] {
    let mut header = [0; IPV6];
    let [l0, l1] = len.to_be_bytes();
    slow::fill(
        &mut header,
        &[
            &[0x60 | TRAFFIC_CLASS >> 4, TRAFFIC_CLASS << 4, 0, 0],
            &[l0, l1, protocol::UDP, hops],
            &source.octets(),
            &destination.octets(),
        ],
    );
    header
}
