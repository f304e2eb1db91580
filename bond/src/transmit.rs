//! By which members a frame leaves, in each mode.

use wire::Mac;

use crate::balance_rr::Turn;
use crate::egress::Table;
use crate::hash::xmit_hash;
use crate::{Mapping, Mode, balance_alb, balance_rr, balance_tlb, broadcast};

/// The members that a frame leaves by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// The member of the frame itself.
    pub first: usize,
    /// A bit for each member that a copy leaves by.
    pub copies: u32,
    /// The hash that chose, where one did.
    pub hash: Option<u32>,
    /// The MAC that the frame leaves from, where that is not the one that it has
    /// ([`readdress`](crate::balance_alb::readdress)).
    pub source: Option<Mac>,
    /// The frame must wait: its bucket is on its way to another member.
    pub is_held: bool,
}

impl Ways {
    pub(crate) const fn by(first: usize) -> Self {
        Self {
            first,
            copies: 0,
            hash: None,
            source: None,
            is_held: false,
        }
    }

    /// The members in their order, the frame's own among them.
    pub fn members(self) -> impl Iterator<Item = usize> {
        let is_copied = move |member: &u32| self.copies >> member & 1 == 1;
        let copies = (0..u32::BITS).filter(is_copied);
        let copies = copies.filter_map(|member| usize::try_from(member).ok());
        core::iter::once(self.first).chain(copies)
    }
}

impl Table {
    /// The members that a finished frame leaves by; None: the bond has none that is usable.
    /// `turn` is the sender's own; `masked` as for [`Table::choose`].
    #[must_use]
    #[inline]
    pub fn ways(&self, turn: &mut Turn, frame: &[u8], masked: u32) -> Option<Ways> {
        match self.mode {
            Mode::BalanceRr => balance_rr::choose(self, turn, frame, masked).map(Ways::by),
            Mode::Broadcast => broadcast::ways(self, masked),
            Mode::BalanceTlb => balance_tlb::ways(self, frame, masked),
            Mode::BalanceAlb => balance_alb::ways(self, frame, masked),
            Mode::ActiveBackup => self.renewing(frame, masked),
            Mode::Ieee8023ad if self.broadcast_neighbor => self.broadcasting(frame, masked),
            Mode::BalanceXor | Mode::Ieee8023ad => self.hashed(frame, masked),
        }
    }

    /// By the member that the frame's hash says.
    #[inline]
    fn hashed(&self, frame: &[u8], masked: u32) -> Option<Ways> {
        let hash = xmit_hash(self.policy, frame);
        let member = self.choose(hash, masked)?;
        Some(Ways {
            hash: Some(hash),
            is_held: self.is_held(hash),
            ..Ways::by(member)
        })
    }

    /// active-backup. Apart, so that the other modes' way stays as short as it is.
    #[inline(never)]
    fn renewing(&self, frame: &[u8], masked: u32) -> Option<Ways> {
        let ways = self.hashed(frame, masked)?;
        Some(Ways {
            source: self.renewed(frame),
            ..ways
        })
    }

    /// 802.3ad with `broadcast_neighbor`; apart for the same reason.
    #[inline(never)]
    fn broadcasting(&self, frame: &[u8], masked: u32) -> Option<Ways> {
        if self.is_for_all(frame) {
            broadcast::ways(self, masked)
        } else {
            self.hashed(frame, masked)
        }
    }

    /// Whether frames with this hash must wait.
    #[must_use]
    pub fn is_held(&self, hash: u32) -> bool {
        let [bucket, ..] = hash.to_le_bytes();
        self.mapping == Mapping::Resilient && self.moving.held.contains(bucket)
    }
}

#[cfg(test)]
#[path = "tests/transmit.rs"]
mod tests;
