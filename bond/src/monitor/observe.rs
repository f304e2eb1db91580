//! What a received frame is to the monitor: a pure function, called by the forwarder for every frame
//! of a bond whose egress table has targets, also for those that the bond then drops.

use wire::checksum;
use wire::headers::{ArpInfo, Headers, Net, Transport, Vlan};
use wire::icmpv6::{
    NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NeighborAdvertisement, NeighborSolicitation,
};

use super::target::Target;
use crate::egress::Table;

/// How a frame has to do with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The target answers us.
    Reply,
    /// The target asks for us.
    Request,
    /// Our own probe of the target, which came back by another member.
    Own,
}

impl Kind {
    /// Every kind, in the order of the words in the feedback memory.
    pub const ALL: [Self; 3] = [Self::Reply, Self::Request, Self::Own];
}

/// What a frame is to the monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// ARP or Neighbor Discovery that has to do with no target.
    Neighbour,
    /// ARP or Neighbor Discovery of a target.
    Of {
        /// The target's place in the table.
        target: usize,
        /// What it says.
        kind: Kind,
    },
}

/// What a frame with these headers is to the monitor; None: nothing.
#[must_use]
pub fn observe(table: &Table, frame: &[u8], headers: &Headers) -> Option<Seen> {
    let vlan = headers.vlan.map(Vlan::id).filter(|id| *id != 0);
    let place = |kind: &dyn Fn(&Target) -> Option<Kind>| place(table, vlan, kind);
    let found = match &headers.net {
        Net::Arp(arp) => place(&|target| arp_kind(table, arp, target)),
        Net::V6(ip) => {
            let Transport::Icmp6 { kind, .. } = ip.transport else {
                return None;
            };
            if !matches!(kind, NEIGHBOR_SOLICITATION | NEIGHBOR_ADVERTISEMENT) {
                return None;
            }
            // RFC 4861 7.1: what was forwarded, or damaged, is no Neighbor Discovery.
            if ip.hop_limit != 255 || !checksum::transport_valid(frame, headers) {
                return None;
            }
            let message = frame.get(ip.l4..ip.end)?;
            if kind == NEIGHBOR_ADVERTISEMENT {
                let advertisement = NeighborAdvertisement::parse(message).ok()?;
                place(&|target| advertised(headers, &advertisement, target))
            } else {
                let solicitation = NeighborSolicitation::parse(message).ok()?;
                place(&|target| solicited(table, headers, &solicitation, target))
            }
        }
        Net::V4(_) | Net::Other => return None,
    };
    Some(found.unwrap_or(Seen::Neighbour))
}

/// Which of the targets on this VLAN, or on none, it has to do with.
fn place(table: &Table, vlan: Option<u16>, kind: &dyn Fn(&Target) -> Option<Kind>) -> Option<Seen> {
    let kind = |target: &Target| kind(target).filter(|_| target.vlan() == vlan);
    let mut kinds = table.targets.iter().map(kind).enumerate();
    kinds.find_map(|(target, kind)| kind.map(|kind| Seen::Of { target, kind }))
}

fn arp_kind(table: &Table, arp: &ArpInfo, target: &Target) -> Option<Kind> {
    let Target::V4 { target, source, .. } = *target else {
        return None;
    };
    let from_target = arp.sender_ip == target && arp.target_ip == source;
    let from_us = arp.sender_ip == source && arp.target_ip == target;
    match arp.operation {
        ArpInfo::REPLY if from_target => Some(Kind::Reply),
        ArpInfo::REQUEST if from_us && arp.sender_mac == table.bond_mac => Some(Kind::Own),
        ArpInfo::REQUEST if from_target => Some(Kind::Request),
        _ => None,
    }
}

fn advertised(headers: &Headers, said: &NeighborAdvertisement, target: &Target) -> Option<Kind> {
    let (Target::V6 { target, source, .. }, Net::V6(ip)) = (*target, &headers.net) else {
        return None;
    };
    let is_answer = said.solicited && said.target == target && ip.destination == source;
    is_answer.then_some(Kind::Reply)
}

fn solicited(
    table: &Table,
    headers: &Headers,
    asked: &NeighborSolicitation,
    target: &Target,
) -> Option<Kind> {
    let (Target::V6 { target, source, .. }, Net::V6(ip)) = (*target, &headers.net) else {
        return None;
    };
    if ip.source == source && asked.target == target && headers.source == table.bond_mac {
        Some(Kind::Own)
    } else if ip.source == target && asked.target == source {
        Some(Kind::Request)
    } else {
        None
    }
}

#[cfg(test)]
#[path = "../tests/observe.rs"]
mod tests;
