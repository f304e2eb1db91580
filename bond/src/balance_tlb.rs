//! balance-tlb: every member sends flows under a MAC of its own, one receives.
//!
//! A switch knows nothing of the bond, and must see each MAC behind one port only. The active member
//! speaks with the bond's MAC, every other one with its own; the member whose own MAC is the bond's
//! has the active member's in exchange. A frame with another source than the bond's MAC, as a virtual
//! router has, is never rewritten and leaves by the active member.

use wire::{Mac, ethertype, protocol};

use crate::egress::{Table, is_masked};
use crate::hash::xmit_hash;
use crate::transmit::Ways;

impl Table {
    /// The MAC that a member speaks with in balance-tlb and balance-alb.
    #[must_use]
    pub fn station(&self, member: usize) -> Mac {
        let own = |member: usize| self.members.get(member).map(|entry| entry.mac);
        let own_mac = own(member).unwrap_or_default();
        match self.active.map(usize::from) {
            Some(active) if active == member => self.bond_mac,
            Some(active) if own_mac == self.bond_mac => own(active).unwrap_or_default(),
            Some(_) | None => own_mac,
        }
    }

    /// Who speaks with the bond's MAC: the active member, or while that is masked another one.
    #[must_use]
    pub fn speaker(&self, masked: u32) -> Option<usize> {
        let is_open = |member: &u8| self.usable.has(*member) && !is_masked(*member, masked);
        let active = self.active.filter(is_open);
        let speaker = active.or_else(|| self.survivors(masked).first().copied());
        speaker.map(usize::from)
    }

    /// The way of a frame by this member, which speaks with its own MAC unless it is the speaker.
    pub(crate) fn way_by(&self, member: usize, speaker: usize) -> Ways {
        Ways {
            source: (member != speaker).then(|| self.station(member)),
            ..Ways::by(member)
        }
    }
}

/// By the member of the frame's hash; what is not balanced by the active one.
pub(crate) fn ways(table: &Table, frame: &[u8], masked: u32) -> Option<Ways> {
    let hash = packet(table, frame).map(|_| xmit_hash(table.policy, frame));
    share(table, hash, masked)
}

pub(crate) fn share(table: &Table, hash: Option<u32>, masked: u32) -> Option<Ways> {
    let speaker = table.speaker(masked)?;
    let Some(hash) = hash else {
        return Some(Ways::by(speaker));
    };
    let member = table.choose(hash, masked)?;
    Some(Ways {
        hash: Some(hash),
        is_held: table.is_held(hash),
        ..table.way_by(member, speaker)
    })
}

/// An IP packet that may be balanced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Packet<'f> {
    V4(&'f [u8]),
    V6(&'f [u8]),
}

/// The packet in a frame of the bond's own to one station: IP, also behind a tag, and no Neighbor
/// Discovery, which has to go with what it says of MACs.
pub(crate) fn packet<'f>(table: &Table, frame: &'f [u8]) -> Option<Packet<'f>> {
    const NEXT_HEADER: usize = 6;
    let to = Mac(*frame.first_chunk()?);
    if to.is_group() || source(frame)? != table.bond_mac {
        return None;
    }
    let (kind, network) = network(frame)?;
    match kind {
        ethertype::IPV4 => Some(Packet::V4(network)),
        ethertype::IPV6 => {
            let is_icmp = network.get(NEXT_HEADER) == Some(&protocol::ICMPV6);
            let is_discovery = is_icmp && matches!(network.get(40), Some(133..=137));
            (!is_discovery).then_some(Packet::V6(network))
        }
        _ => None,
    }
}

/// A frame's source.
pub(crate) fn source(frame: &[u8]) -> Option<Mac> {
    Some(Mac(*frame.get(6..)?.first_chunk()?))
}

/// EtherType and payload of a frame, behind a tag if it has one.
pub(crate) fn network(frame: &[u8]) -> Option<(u16, &[u8])> {
    let kind = |at: usize| Some(u16::from_be_bytes(*frame.get(at..)?.first_chunk()?));
    match kind(12)? {
        ethertype::VLAN => Some((kind(16)?, frame.get(18..)?)),
        outer => Some((outer, frame.get(14..)?)),
    }
}

#[cfg(test)]
#[path = "tests/balance_tlb.rs"]
mod tests;
