//! balance-alb: as balance-tlb by the destination's address, and each client is told the MAC of one
//! member, so that clients share the members in the other direction, too.
//!
//! A client learns our MAC from ARP and Neighbor Discovery: what tells one client leaves by the member
//! of that client's bucket, with that member's MAC. What tells everybody tells the bond's MAC, so that
//! the clients have to be told again afterwards. IPv6 is balanced as IPv4 is, which Linux does not do.

use core::net::IpAddr;

use wire::headers::{ArpInfo, Headers, Net, Transport};
use wire::icmpv6::{
    NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NeighborAdvertisement, NeighborSolicitation,
};
use wire::{Mac, checksum, ethertype, protocol};

use crate::balance_tlb::{self, Packet, network, packet, source};
use crate::egress::{Table, is_masked};
use crate::hash::xmit_hash;
use crate::transmit::Ways;
use crate::{BUCKETS, Mapping, Mode};

/// What a frame that leaves tells of the bond's MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// One client learns it.
    To(Lesson),
    /// Every host of the network learns it of this address of ours.
    All {
        /// Our address.
        local: IpAddr,
    },
}

/// One client's knowledge of one of our addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The client.
    pub client: IpAddr,
    /// The client's MAC; a group address where it is not known yet.
    pub mac: Mac,
    /// Our address.
    pub local: IpAddr,
    /// The VLAN, if any.
    pub vlan: Option<u16>,
    /// Whether the client was told that we are a router (RFC 4861 4.4).
    pub is_router: bool,
}

impl Table {
    /// The member by which a client sends to the bond: that of its bucket, or for want of it the one
    /// that speaks for the bond.
    #[must_use]
    pub fn receiver(&self, client: IpAddr, masked: u32) -> Option<usize> {
        self.receiver_of(*self.clients.get(usize::from(bucket(client)))?, masked)
    }

    fn receiver_of(&self, owner: u8, masked: u32) -> Option<usize> {
        if self.usable.has(owner) && !is_masked(owner, masked) {
            return Some(owner.into());
        }
        self.speaker(masked)
    }

    /// The MAC that each bucket of clients is told, while no member is masked.
    #[must_use]
    pub fn client_macs(&self) -> [Mac; BUCKETS] {
        self.clients.map(|owner| {
            let member = self.receiver_of(owner, 0);
            member.map_or(self.bond_mac, |member| self.station(member))
        })
    }

    /// Whether a frame to this MAC that came by this member is the bond's: to the member's own, or by
    /// the active member to that of one which is not there to receive.
    pub(crate) fn is_addressed(&self, member: usize, destination: Mac) -> bool {
        let is_usable = |i: usize| u8::try_from(i).is_ok_and(|member| self.usable.has(member));
        let mut absent = (0..self.members.len()).filter(|i| !is_usable(*i));
        self.station(member) == destination
            || self.active.map(usize::from) == Some(member)
                && absent.any(|i| self.station(i) == destination)
    }

    /// What a frame that leaves this bond tells of its MAC; None: nothing, or another mode.
    #[must_use]
    #[inline]
    pub fn notice(&self, frame: &[u8]) -> Option<Notice> {
        if self.mode != Mode::BalanceAlb || !may_tell(frame) {
            return None;
        }
        self.notice_of(frame)
    }

    fn notice_of(&self, frame: &[u8]) -> Option<Notice> {
        if source(frame)? != self.bond_mac {
            return None;
        }
        let headers = Headers::parse(frame).ok()?;
        let vlan = headers.vlan.map(|vlan| vlan.id());
        let mac = headers.destination;
        let to = |client, local, is_router| {
            let lesson = Lesson {
                client,
                mac,
                local,
                vlan,
                is_router,
            };
            Some(Notice::To(lesson))
        };
        match &headers.net {
            Net::Arp(arp) if arp.sender_mac != self.bond_mac || arp.sender_ip.is_unspecified() => {
                None
            }
            Net::Arp(arp) if mac.is_group() => Some(Notice::All {
                local: arp.sender_ip.into(),
            }),
            Net::Arp(arp) => to(arp.target_ip.into(), arp.sender_ip.into(), false),
            Net::V6(ip) => match discovery(frame, &headers)? {
                Discovery::Advertisement(said) if said.target_mac != Some(self.bond_mac) => None,
                Discovery::Advertisement(said) if mac.is_group() => Some(Notice::All {
                    local: said.target.into(),
                }),
                Discovery::Advertisement(said) => {
                    to(ip.destination.into(), said.target.into(), said.router)
                }
                Discovery::Solicitation(asked) if asked.source_mac != Some(self.bond_mac) => None,
                // Only whom it asks for takes up what it says of the asker.
                Discovery::Solicitation(asked) => to(asked.target.into(), ip.source.into(), false),
            },
            Net::V4(_) | Net::Other => None,
        }
    }

    /// What a received frame, which is the bond's, tells of a client that has learnt our MAC: it answers
    /// what we asked.
    #[must_use]
    pub fn heard(&self, frame: &[u8], headers: &Headers) -> Option<Lesson> {
        if self.mode != Mode::BalanceAlb || headers.destination.is_group() {
            return None;
        }
        let (client, local) = match &headers.net {
            Net::Arp(arp) if arp.operation == ArpInfo::REPLY => {
                (arp.sender_ip.into(), arp.target_ip.into())
            }
            Net::V6(ip) => match discovery(frame, headers)? {
                Discovery::Advertisement(said) => (said.target.into(), ip.destination.into()),
                Discovery::Solicitation(_) => return None,
            },
            Net::Arp(_) | Net::V4(_) | Net::Other => return None,
        };
        Some(Lesson {
            client,
            mac: headers.source,
            local,
            vlan: headers.vlan.map(|vlan| vlan.id()),
            is_router: false,
        })
    }
}

/// A client's bucket: its address's bytes, XORed.
#[must_use]
pub fn bucket(client: IpAddr) -> u8 {
    match client {
        IpAddr::V4(v4) => xor(&v4.octets()),
        IpAddr::V6(v6) => xor(&v6.octets()),
    }
}

fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// ARP and Neighbor Discovery to a client by the client's member; packets by the destination's bucket;
/// what is not balanced by the active member.
pub(crate) fn ways(table: &Table, frame: &[u8], masked: u32) -> Option<Ways> {
    let Some(packet) = packet(table, frame) else {
        if let Some(Notice::To(lesson)) = table.notice(frame) {
            let (speaker, member) = (
                table.speaker(masked)?,
                table.receiver(lesson.client, masked)?,
            );
            return Some(table.way_by(member, speaker));
        }
        return balance_tlb::share(table, None, masked);
    };
    let hash = match table.mapping {
        Mapping::Modulo => Some(xmit_hash(table.policy, frame)),
        Mapping::Resilient => destination(packet).map(|address| u32::from(xor(address))),
    };
    balance_tlb::share(table, hash, masked)
}

fn destination<'f>(packet: Packet<'f>) -> Option<&'f [u8]> {
    match packet {
        Packet::V4(network) => network.get(16..20),
        Packet::V6(network) => network.get(24..40),
    }
}

/// Has a frame leave from this MAC: its source, and where it tells the source's MAC, that as well.
pub fn readdress(frame: &mut [u8], mac: Mac) {
    let before = source(frame);
    if may_tell(frame)
        && let (Some(before), Ok(headers)) = (before, Headers::parse(frame))
    {
        match &headers.net {
            Net::Arp(arp) if arp.sender_mac == before => {
                const SENDER: usize = 8;
                put(frame, headers.l3 + SENDER, mac);
            }
            Net::V6(_) if discovery(frame, &headers).is_some() => {
                readdress_option(frame, &headers, before, mac);
            }
            Net::Arp(_) | Net::V4(_) | Net::V6(_) | Net::Other => {}
        }
    }
    put(frame, 6, mac);
}

fn put(frame: &mut [u8], at: usize, mac: Mac) {
    if let Some(place) = frame.get_mut(at..at + 6) {
        place.copy_from_slice(&mac.0);
    }
}

/// The link-layer address option (RFC 4861 4.6.1), and the checksum for it.
fn readdress_option(frame: &mut [u8], headers: &Headers, before: Mac, mac: Mac) -> Option<()> {
    const CHECKSUM: usize = 2;
    const OPTIONS: usize = 24;
    let Net::V6(ip) = &headers.net else {
        return None;
    };
    let mut at = ip.l4 + OPTIONS;
    while at + 8 <= ip.end {
        let [kind, length] = *frame.get(at..)?.first_chunk()?;
        if matches!(kind, 1 | 2) && frame.get(at + 2..at + 8)? == before.0 {
            let sum = frame.get(ip.l4 + CHECKSUM..)?.first_chunk()?;
            let mut sum = u16::from_be_bytes(*sum);
            for (old, new) in before
                .0
                .as_chunks::<2>()
                .0
                .iter()
                .zip(mac.0.as_chunks::<2>().0)
            {
                sum = checksum::update16(sum, u16::from_be_bytes(*old), u16::from_be_bytes(*new));
            }
            put(frame, at + 2, mac);
            let place = frame.get_mut(ip.l4 + CHECKSUM..ip.l4 + CHECKSUM + 2)?;
            place.copy_from_slice(&sum.to_be_bytes());
            return Some(());
        }
        at += usize::from(length) * 8;
        if length == 0 {
            return None;
        }
    }
    None
}

/// Whether a frame may be ARP or Neighbor Discovery, which has no extension headers.
fn may_tell(frame: &[u8]) -> bool {
    const NEXT_HEADER: usize = 6;
    network(frame).is_some_and(|(kind, network)| match kind {
        ethertype::ARP => true,
        ethertype::IPV6 => network.get(NEXT_HEADER) == Some(&protocol::ICMPV6),
        _ => false,
    })
}

enum Discovery {
    Advertisement(NeighborAdvertisement),
    Solicitation(NeighborSolicitation),
}

fn discovery(frame: &[u8], headers: &Headers) -> Option<Discovery> {
    let Net::V6(ip) = &headers.net else {
        return None;
    };
    let message = frame.get(ip.l4..ip.end)?;
    match ip.transport {
        Transport::Icmp6 {
            kind: NEIGHBOR_ADVERTISEMENT,
            ..
        } => NeighborAdvertisement::parse(message)
            .ok()
            .map(Discovery::Advertisement),
        Transport::Icmp6 {
            kind: NEIGHBOR_SOLICITATION,
            ..
        } => NeighborSolicitation::parse(message)
            .ok()
            .map(Discovery::Solicitation),
        _ => None,
    }
}

#[cfg(test)]
#[path = "tests/balance_alb.rs"]
mod tests;
