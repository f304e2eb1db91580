//! balance-rr: packet after packet by the next member.
//!
//! Linux counts over all members and lets the next one stand in for a member that is down, which
//! then sends twice its share. Here the turn goes over the usable members, so that the shares stay
//! equal.

use wire::{ethertype, protocol};

use crate::egress::Table;

/// Where one sender stands. Each has its own, as each processor has in Linux: no two of them share
/// a cache line for it.
#[derive(Clone, Debug)]
pub struct Turn {
    place: usize,
    /// Packets that the member at `place` has had in a row.
    sent: u16,
    random: u32,
}

impl Turn {
    /// A sender that begins somewhere: with different seeds senders do not all begin with the same
    /// member.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self {
            place: usize::try_from(seed).unwrap_or(0),
            sent: 0,
            // The generator stands still at 0.
            random: seed.wrapping_mul(0x9e37_79b9) | 1,
        }
    }

    /// The place of the next packet's member among `members`; None: there are none.
    fn next(&mut self, members: usize, packets_per_member: u16) -> Option<usize> {
        if packets_per_member == 0 {
            return usize::try_from(self.random()).ok()?.checked_rem(members);
        }
        if self.sent >= packets_per_member {
            self.sent = 0;
            self.place = self.place.wrapping_add(1);
        }
        self.place = self.place.checked_rem(members)?;
        self.sent = self.sent.saturating_add(1);
        Some(self.place)
    }

    /// Marsaglia's xorshift of 32 bits.
    const fn random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}

/// The member of the next packet. IGMP always takes the first: a switch that snoops expects a
/// station's reports by one port.
pub(crate) fn choose(table: &Table, turn: &mut Turn, frame: &[u8], masked: u32) -> Option<usize> {
    let survivors;
    let left = if masked == 0 {
        &table.usable
    } else {
        survivors = table.survivors(masked);
        &survivors
    };
    let place = if is_igmp(frame) {
        0
    } else {
        turn.next(left.len(), table.packets_per_member)?
    };
    left.get(place).copied().map(usize::from)
}

/// Also behind a tag.
fn is_igmp(frame: &[u8]) -> bool {
    const PROTOCOL: usize = 9;
    let kind = |at: usize| Some(u16::from_be_bytes(*frame.get(at..)?.first_chunk()?));
    let network = match kind(12) {
        Some(ethertype::VLAN) => 16,
        Some(_) | None => 12,
    };
    kind(network) == Some(ethertype::IPV4)
        && frame.get(network + 2 + PROTOCOL) == Some(&protocol::IGMP)
}

#[cfg(test)]
#[path = "tests/balance_rr.rs"]
mod tests;
