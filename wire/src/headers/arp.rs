//! ARP for IPv4 over Ethernet (RFC 826).

use core::net::Ipv4Addr;

use super::chunk_at;
use crate::{Mac, ParseError, ethertype};

/// An ARP packet of IPv4 over Ethernet.
///
/// ```text
/// hardware type(2)=1 protocol type(2)=0x0800 hardware len=6 protocol len=4 operation(2)
/// sender mac(6) sender ip(4) target mac(6) target ip(4)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArpInfo {
    /// 1 is a request, 2 a reply.
    pub operation: u16,
    /// Who speaks.
    pub sender_mac: Mac,
    /// The sender's address; 0.0.0.0 in a probe (RFC 5227).
    pub sender_ip: Ipv4Addr,
    /// Whom the sender answers; without meaning in a request.
    pub target_mac: Mac,
    /// The address that is asked for; the sender's own in a gratuitous packet.
    pub target_ip: Ipv4Addr,
}

impl ArpInfo {
    /// The operation code of a request.
    pub const REQUEST: u16 = 1;
    /// The operation code of a reply.
    pub const REPLY: u16 = 2;
    /// The length of the packet in bytes.
    pub const LEN: usize = 28;

    #[inline(always)]
    pub(super) fn parse(bytes: &[u8], l3: usize) -> Result<Self, ParseError> {
        let &[
            h0,
            h1,
            p0,
            p1,
            hlen,
            plen,
            o0,
            o1, //
            s0,
            s1,
            s2,
            s3,
            s4,
            s5,
            si0,
            si1,
            si2,
            si3, //
            t0,
            t1,
            t2,
            t3,
            t4,
            t5,
            ti0,
            ti1,
            ti2,
            ti3,
        ] = chunk_at::<{ Self::LEN }>(bytes, l3)?;
        if [h0, h1, hlen, plen] != [0, 1, 6, 4] || u16::from_be_bytes([p0, p1]) != ethertype::IPV4 {
            return Err(ParseError::Arp);
        }
        Ok(Self {
            operation: u16::from_be_bytes([o0, o1]),
            sender_mac: Mac([s0, s1, s2, s3, s4, s5]),
            sender_ip: Ipv4Addr::new(si0, si1, si2, si3),
            target_mac: Mac([t0, t1, t2, t3, t4, t5]),
            target_ip: Ipv4Addr::new(ti0, ti1, ti2, ti3),
        })
    }

    /// The packet's bytes.
    #[must_use]
    pub const fn emit(&self) -> [u8; Self::LEN] {
        let [o0, o1] = self.operation.to_be_bytes();
        let [s0, s1, s2, s3, s4, s5] = self.sender_mac.0;
        let [si0, si1, si2, si3] = self.sender_ip.octets();
        let [t0, t1, t2, t3, t4, t5] = self.target_mac.0;
        let [ti0, ti1, ti2, ti3] = self.target_ip.octets();
        [
            0, 1, 8, 0, 6, 4, o0, o1, //
            s0, s1, s2, s3, s4, s5, si0, si1, si2, si3, //
            t0, t1, t2, t3, t4, t5, ti0, ti1, ti2, ti3,
        ]
    }
}
