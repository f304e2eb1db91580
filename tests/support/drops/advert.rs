//! Adverts of VRRP (RFC 5798 5) that are wrong in one thing each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context, Result};
use etherparse::{IpNumber, PacketBuilder};

use super::frame::ETHERNET;

const VRRP: IpNumber = IpNumber(112);
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 80, 1, 99);
const SOURCE_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x99);
/// A virtual router that the lab does not have.
const VRID: u8 = 99;

/// An advert that nothing is wrong with but that nobody has its virtual router.
#[derive(Clone, Debug)]
pub struct Advert {
    /// TTL or hop limit.
    pub hops: u8,
    /// Where it goes.
    pub destination: IpAddr,
    /// Where it comes from.
    pub source: IpAddr,
    /// The message; its checksum is filled in.
    pub message: Vec<u8>,
}

impl Advert {
    /// One of IPv4.
    pub fn v4() -> Self {
        Self {
            hops: 255,
            destination: GROUP.into(),
            source: SOURCE.into(),
            message: vec![0x31, VRID, 100, 1, 0, 100, 0, 0, 10, 80, 1, 99],
        }
    }

    /// One of IPv6, for this address.
    pub fn v6(address: Ipv6Addr) -> Self {
        let head = [0x31, VRID, 100, 1, 0, 100, 0, 0];
        Self {
            hops: 255,
            destination: GROUP_V6.into(),
            source: SOURCE_V6.into(),
            message: [&head[..], &address.octets()].concat(),
        }
    }

    /// A message of other octets from `first` on.
    pub fn with(mut self, first: usize, octets: &[u8]) -> Self {
        self.message[first..first + octets.len()].copy_from_slice(octets);
        self
    }

    /// Its frame.
    pub fn frame(mut self) -> Result<Vec<u8>> {
        let sum = self.checksum();
        self.message[6..8].copy_from_slice(&sum);
        let mut frame = Vec::new();
        let written = match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                PacketBuilder::ethernet2([0, 0, 0x5e, 0, 1, VRID], [1, 0, 0x5e, 0, 0, 0x12])
                    .ipv4(source.octets(), destination.octets(), self.hops)
                    .write(&mut frame, VRRP, &self.message)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                PacketBuilder::ethernet2([0, 0, 0x5e, 0, 2, VRID], [0x33, 0x33, 0, 0, 0, 0x12])
                    .ipv6(source.octets(), destination.octets(), self.hops)
                    .write(&mut frame, VRRP, &self.message)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Ok(()),
        };
        written.context("building an advert")?;
        Ok(frame)
    }

    /// Its frame with one octet of the packet turned around.
    pub fn damaged(self, octet: usize) -> Result<Vec<u8>> {
        let mut frame = self.frame()?;
        frame[ETHERNET + octet] ^= 0xff;
        Ok(frame)
    }

    /// The sum over the message alone, or with IPv6's pseudo-header (RFC 8200 8.1).
    fn checksum(&self) -> [u8; 2] {
        let mut octets = self.message.clone();
        if let (IpAddr::V6(source), IpAddr::V6(destination)) = (self.source, self.destination) {
            octets.extend(source.octets());
            octets.extend(destination.octets());
            octets.extend(
                u32::try_from(self.message.len())
                    .unwrap_or_default()
                    .to_be_bytes(),
            );
            octets.extend([0, 0, 0, VRRP.0]);
        }
        let words = octets.chunks(2).map(|pair| {
            let [high, low] = [pair[0], pair.get(1).copied().unwrap_or_default()];
            u32::from(u16::from_be_bytes([high, low]))
        });
        let sum: u32 = words.sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let folded = (folded & 0xffff) + (folded >> 16);
        let [_, _, high, low] = (!folded).to_be_bytes();
        [high, low]
    }
}
