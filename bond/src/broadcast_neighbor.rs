//! `broadcast_neighbor`: in 802.3ad ARP and Neighbor Discovery leave by every usable member, for a partner
//! that is two switches which do not tell each other what they learn.

use wire::{ethertype, protocol};

use crate::Mode;
use crate::balance_tlb::network;
use crate::egress::Table;

/// Types of Neighbor Solicitation and Advertisement (RFC 4861 4.3, 4.4).
const DISCOVERY: [u8; 2] = [135, 136];

impl Table {
    /// Whether a frame leaves by every usable member.
    #[must_use]
    pub fn is_for_all(&self, frame: &[u8]) -> bool {
        match self.mode {
            Mode::Broadcast => true,
            Mode::Ieee8023ad => self.broadcast_neighbor && is_neighbour(frame),
            Mode::BalanceRr
            | Mode::ActiveBackup
            | Mode::BalanceXor
            | Mode::BalanceTlb
            | Mode::BalanceAlb => false,
        }
    }
}

/// ARP, Neighbor Solicitation or Neighbor Advertisement, behind a tag if there is one.
fn is_neighbour(frame: &[u8]) -> bool {
    const NEXT_HEADER: usize = 6;
    const TYPE: usize = 40;
    match network(frame) {
        Some((ethertype::ARP, _)) => true,
        Some((ethertype::IPV6, packet)) => {
            let kind = packet.get(TYPE);
            packet.get(NEXT_HEADER) == Some(&protocol::ICMPV6)
                && kind.is_some_and(|kind| DISCOVERY.contains(kind))
        }
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn frame(kind: u16, next_header: u8, icmp: u8) -> Vec<u8> {
        let mut frame = [2; 12].to_vec();
        frame.extend(kind.to_be_bytes());
        frame.extend([0; 48]);
        frame[14 + 6] = next_header;
        frame[14 + 40] = icmp;
        frame
    }

    fn tagged(mut frame: Vec<u8>) -> Vec<u8> {
        frame.splice(12..12, [0x81, 0, 0, 7]);
        frame
    }

    #[test]
    fn only_802_3ad_and_only_if_told_so_sends_arp_and_neighbor_discovery_by_all_members() {
        let neighbours = [
            frame(ethertype::ARP, 0, 0),
            frame(ethertype::IPV6, protocol::ICMPV6, 135),
            frame(ethertype::IPV6, protocol::ICMPV6, 136),
        ];
        for (mode, broadcast_neighbor) in Mode::ALL.iter().flat_map(|m| [(*m, false), (*m, true)]) {
            let table = Table {
                mode,
                broadcast_neighbor,
                ..Table::default()
            };
            let is_for_all =
                mode == Mode::Broadcast || mode == Mode::Ieee8023ad && broadcast_neighbor;
            for neighbour in &neighbours {
                assert_eq!(table.is_for_all(neighbour), is_for_all, "{mode}");
                assert_eq!(table.is_for_all(&tagged(neighbour.clone())), is_for_all);
            }
        }
    }

    #[test]
    fn nothing_else_leaves_by_all_members() {
        let table = Table {
            mode: Mode::Ieee8023ad,
            broadcast_neighbor: true,
            ..Table::default()
        };
        for other in [
            frame(ethertype::IPV4, protocol::ICMPV6, 135),
            frame(ethertype::IPV6, protocol::ICMPV6, 128),
            frame(ethertype::IPV6, protocol::ICMPV6, 134),
            frame(ethertype::IPV6, 6, 135),
            frame(0x88cc, protocol::ICMPV6, 135),
        ] {
            assert!(!table.is_for_all(&other), "{other:?}");
            assert!(!table.is_for_all(&tagged(other)));
        }
        assert!(!table.is_for_all(&[]) && !table.is_for_all(&[0x86; 40]));
    }
}
