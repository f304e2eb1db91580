//! The egress table: what bondd tells lvsd about a bond, in a few words of shared memory.
//!
//! One writer, many readers, no lock: the first word is the table's generation, odd while the
//! writer is at work, and a reader that sees it change reads again.

mod layout;
mod moving;
mod targets;

use core::sync::atomic::{AtomicU64, Ordering, fence};

use wire::Mac;

use crate::monitor::Targets;
use crate::renumbering::Renumbering;
use crate::resilient::{Share, Shares, UNOWNED, deal};
use crate::{BUCKETS, MAX_MEMBERS, Mapping, Mode, Usable, XmitHashPolicy};

pub use layout::WORDS;
pub use moving::{Ask, Moving};

/// What the forwarder must know of one member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberEntry {
    /// The kernel's index of the interface; 0: the interface does not exist.
    pub ifindex: u32,
    /// The number of its port.
    pub number: u16,
    /// The member's permanent MAC.
    pub mac: Mac,
    /// Frames received here are the bond's.
    pub rx_enabled: bool,
    /// But for group frames, which another member receives as well.
    pub unicast_only: bool,
    /// Frames may be sent here.
    pub tx_enabled: bool,
    /// The link is there, before `updelay` and `downdelay`.
    pub carrier: bool,
    /// Its part of the buckets beside the others'; 0 counts as 1.
    pub weight: u32,
}

/// A bond's state as the forwarder needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Even, never 0, larger with every change.
    pub generation: u64,
    /// The bond's mode.
    pub mode: Mode,
    /// How a hash becomes a member.
    pub mapping: Mapping,
    /// Which hash.
    pub policy: XmitHashPolicy,
    /// balance-rr: how many packets in a row take one member; 0: a random one for each.
    pub packets_per_member: u16,
    /// 802.3ad: ARP and Neighbor Discovery leave by every usable member.
    pub broadcast_neighbor: bool,
    /// The bond's MAC.
    pub bond_mac: Mac,
    /// Whose ARP and Neighbor Discovery the monitor wants to know of, as `monitor::observe` finds it;
    /// empty: of none.
    pub targets: Targets,
    /// The members in the configured order.
    pub members: heapless::Vec<MemberEntry, MAX_MEMBERS>,
    /// The members to send by, in Linux's order; empty: the bond has no carrier.
    pub usable: Usable,
    /// The active member, in modes that have one.
    pub active: Option<u8>,
    /// The member of each bucket (mapping `resilient`).
    pub buckets: [u8; BUCKETS],
    /// balance-alb: the member by which each bucket of clients sends to the bond.
    pub clients: [u8; BUCKETS],
    /// The buckets that are on their way to another member.
    pub moving: Moving,
}

impl Default for Table {
    /// A bond without members.
    fn default() -> Self {
        Self {
            generation: 2,
            mode: Mode::ActiveBackup,
            mapping: Mapping::Resilient,
            policy: XmitHashPolicy::Layer2,
            packets_per_member: 1,
            broadcast_neighbor: false,
            bond_mac: Mac::ZERO,
            targets: Targets::new(),
            members: heapless::Vec::new(),
            usable: Usable::new(),
            active: None,
            buckets: [UNOWNED; BUCKETS],
            clients: [UNOWNED; BUCKETS],
            moving: Moving::default(),
        }
    }
}

impl Table {
    /// Behind which member a switch finds the bond: another answer than before wants an
    /// announcement. The members of an aggregation are one place for it, and a broadcast reaches
    /// every switch that there is.
    #[must_use]
    pub fn place(&self) -> Option<u8> {
        let first = self.usable.first().copied()?;
        match self.mode {
            Mode::ActiveBackup => Some(first),
            Mode::BalanceTlb | Mode::BalanceAlb => self.active.or(Some(first)),
            Mode::BalanceRr | Mode::BalanceXor | Mode::Broadcast | Mode::Ieee8023ad => Some(0),
        }
    }

    /// What each usable member that is not masked gets of the buckets.
    #[must_use]
    pub fn shares(&self, masked: u32) -> Shares {
        let share = |member: &u8| Share {
            member: *member,
            weight: self
                .members
                .get(usize::from(*member))
                .map_or(1, |entry| entry.weight),
        };
        self.survivors(masked).iter().map(share).collect()
    }

    /// Takes the masked members out, as bondd's next table will: their buckets fall to the others,
    /// and are not held any longer, since what they wait for does not come.
    pub fn mask(&mut self, masked: u32) {
        if masked == 0 {
            return;
        }
        let before = self.buckets;
        let shares = self.shares(masked);
        deal(&mut self.buckets, &shares);
        for (bucket, (old, new)) in (0..=u8::MAX).zip(before.iter().zip(&self.buckets)) {
            if old != new {
                self.moving.held.remove(bucket);
            }
        }
        self.usable = self.survivors(masked);
    }

    /// The usable members that are not masked, in their order.
    pub(crate) fn survivors(&self, masked: u32) -> Usable {
        let usable = self.usable.iter().copied();
        usable
            .filter(|&member| !is_masked(member, masked))
            .collect()
    }
}

pub(crate) fn is_masked(member: u8, masked: u32) -> bool {
    masked
        .checked_shr(u32::from(member))
        .is_some_and(|bits| bits & 1 == 1)
}

impl Table {
    /// The same with other places for the members, whose entries are to be made anew; how many
    /// buckets have lost their owner by that.
    pub(crate) fn renumber(&mut self, to: &Renumbering) -> usize {
        let usable = self.usable.iter();
        self.usable = usable.filter_map(|member| to.entry(*member)).collect();
        self.active = self.active.and_then(|active| to.entry(active));
        self.members.clear();
        self.moving = Moving::default();
        to.rename(&mut self.clients);
        to.rename(&mut self.buckets)
    }
}

/// Attempts of a reader that meets the writer at work; a write takes well under a microsecond.
const ATTEMPTS: usize = 1_000;

/// Writes the table; readers see the old one or this one, never a mixture.
/// Words beyond [`WORDS`] are not touched; with fewer nothing is written.
pub fn publish(words: &[AtomicU64], table: &Table) {
    let Some((generation, rest)) = words.get(..WORDS).and_then(<[_]>::split_first) else {
        return;
    };
    generation.store(table.generation | 1, Ordering::Relaxed);
    fence(Ordering::Release);
    for (word, value) in rest.iter().zip(layout::encode(table).into_iter().skip(1)) {
        word.store(value, Ordering::Relaxed);
    }
    generation.store(table.generation & !1, Ordering::Release);
}

/// The generation as it stands: 0 before the first table, odd while one is being written.
#[must_use]
pub fn generation(words: &[AtomicU64]) -> u64 {
    words.first().map_or(0, |word| word.load(Ordering::Acquire))
}

/// The published table. None before the first one, when a writer died at work, and when the
/// words hold no table of this version.
#[must_use]
pub fn read(words: &[AtomicU64]) -> Option<Table> {
    let words = words.get(..WORDS)?;
    for _ in 0..ATTEMPTS {
        let before = generation(words);
        if before == 0 {
            return None;
        }
        if before & 1 == 0 {
            let mut copy = [0; WORDS];
            for (value, word) in copy.iter_mut().zip(words) {
                *value = word.load(Ordering::Relaxed);
            }
            fence(Ordering::Acquire);
            if generation(words) == before {
                return layout::decode(before, &copy);
            }
        }
        core::hint::spin_loop();
    }
    None
}

#[cfg(test)]
#[path = "tests/egress.rs"]
mod tests;
