//! The egress table: what bondd tells lvsd about a bond, in a few words of shared memory.
//!
//! One writer, many readers, no lock: the first word is the table's generation, odd while the
//! writer is at work, and a reader that sees it change reads again.

mod moving;
mod targets;

use core::sync::atomic::{AtomicU64, Ordering, fence};

use wire::Mac;

use crate::monitor::Targets;
use crate::resilient::{Share, Shares, UNOWNED, WEIGHT_MAX, deal};
use crate::{BUCKETS, MAX_MEMBERS, Mapping, Mode, Usable, XmitHashPolicy};

pub use moving::{Ask, Moving};

/// What the forwarder must know of one member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberEntry {
    /// The kernel's index of the interface; 0: the interface does not exist.
    pub ifindex: u32,
    /// The member's permanent MAC.
    pub mac: Mac,
    /// Frames received here are the bond's.
    pub rx_enabled: bool,
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
    /// The bond's MAC.
    pub bond_mac: Mac,
    /// Whose ARP and Neighbor Discovery the monitor wants to know of, as `monitor::observe` finds it;
    /// empty: of none.
    pub targets: Targets,
    /// The members in the configured order.
    pub members: heapless::Vec<MemberEntry, MAX_MEMBERS>,
    /// The members to send by, in Linux's order; empty: the bond has no carrier.
    pub usable: Usable,
    /// The member of each bucket (mapping `resilient`).
    pub buckets: [u8; BUCKETS],
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
            bond_mac: Mac::ZERO,
            targets: Targets::new(),
            members: heapless::Vec::new(),
            usable: Usable::new(),
            buckets: [UNOWNED; BUCKETS],
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

/// Version of the layout below, in the low 16 bits of the second word.
const LAYOUT: u64 = 4;
const GENERATION: usize = 0;
const SHAPE: usize = 1;
const BOND_MAC: usize = 2;
const OPTIONS: usize = 3;
const MEMBERS: usize = 4;
const USABLE: usize = MEMBERS + 2 * MAX_MEMBERS;
const BUCKET_WORDS: usize = USABLE + MAX_MEMBERS / 8;

const MOVING_WORDS: usize = BUCKET_WORDS + BUCKETS / 8;
const TARGET_WORDS: usize = MOVING_WORDS + moving::WORDS;

/// Words that a table takes.
pub const WORDS: usize = TARGET_WORDS + targets::WORDS;

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
    for (word, value) in rest.iter().zip(encode(table).into_iter().skip(SHAPE)) {
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
                return decode(before, &copy);
            }
        }
        core::hint::spin_loop();
    }
    None
}

fn encode(table: &Table) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let mut put = |at: usize, value: u64| {
        if let Some(word) = words.get_mut(at) {
            *word = value;
        }
    };
    let byte = |value: usize, at: u32| u64::try_from(value & 0xff).unwrap_or(0) << at;
    put(GENERATION, table.generation);
    put(
        SHAPE,
        LAYOUT
            | u64::from(table.mode.number()) << 16
            | u64::from(table.mapping.number()) << 24
            | u64::from(table.policy.number()) << 32
            | byte(table.members.len(), 40)
            | byte(table.usable.len(), 48),
    );
    put(BOND_MAC, table.bond_mac.to_bits());
    put(OPTIONS, u64::from(table.packets_per_member));
    for (i, member) in table.members.iter().enumerate() {
        let flags = u64::from(member.rx_enabled)
            | u64::from(member.tx_enabled) << 1
            | u64::from(member.carrier) << 2
            | u64::from(member.weight.min(WEIGHT_MAX)) << 8;
        put(MEMBERS + 2 * i, u64::from(member.ifindex) | flags << 32);
        put(MEMBERS + 2 * i + 1, member.mac.to_bits());
    }
    let mut usable = [UNOWNED; MAX_MEMBERS];
    for (slot, member) in usable.iter_mut().zip(&*table.usable) {
        *slot = *member;
    }
    for (i, bytes) in usable.as_chunks::<8>().0.iter().enumerate() {
        put(USABLE + i, u64::from_le_bytes(*bytes));
    }
    for (i, bytes) in table.buckets.as_chunks::<8>().0.iter().enumerate() {
        put(BUCKET_WORDS + i, u64::from_le_bytes(*bytes));
    }
    for (i, word) in moving::encode(&table.moving).into_iter().enumerate() {
        put(MOVING_WORDS + i, word);
    }
    for (i, word) in targets::encode(&table.targets).into_iter().enumerate() {
        put(TARGET_WORDS + i, word);
    }
    words
}

fn decode(generation: u64, words: &[u64; WORDS]) -> Option<Table> {
    let [
        layout,
        layout_high,
        mode,
        mapping,
        policy,
        members,
        usable,
        _,
    ] = words.get(SHAPE)?.to_le_bytes();
    if u64::from(u16::from_le_bytes([layout, layout_high])) != LAYOUT {
        return None;
    }
    let (members, usable) = (usize::from(members), usize::from(usable));
    if members > MAX_MEMBERS || usable > members {
        return None;
    }
    let mut table = Table {
        generation,
        mode: Mode::from_number(u64::from(mode))?,
        mapping: Mapping::from_number(u64::from(mapping))?,
        policy: XmitHashPolicy::from_number(u64::from(policy))?,
        packets_per_member: u16::try_from(*words.get(OPTIONS)?).ok()?,
        bond_mac: Mac::from_bits(*words.get(BOND_MAC)?),
        ..Table::default()
    };
    for pair in words
        .get(MEMBERS..USABLE)?
        .as_chunks::<2>()
        .0
        .iter()
        .take(members)
    {
        let [word, mac] = *pair;
        let flags = word >> 32;
        let entry = MemberEntry {
            ifindex: u32::try_from(word & u64::from(u32::MAX)).ok()?,
            mac: Mac::from_bits(mac),
            rx_enabled: flags & 1 != 0,
            tx_enabled: flags & 2 != 0,
            carrier: flags & 4 != 0,
            weight: u32::try_from(flags >> 8).ok()?,
        };
        table.members.push(entry).ok()?;
    }
    let bytes = words
        .get(USABLE..BUCKET_WORDS)?
        .iter()
        .flat_map(|word| word.to_le_bytes());
    for member in bytes.take(usable) {
        (usize::from(member) < members && table.usable.push(member)).then_some(())?;
    }
    let bytes = words
        .get(BUCKET_WORDS..MOVING_WORDS)?
        .iter()
        .flat_map(|word| word.to_le_bytes());
    for (owner, byte) in table.buckets.iter_mut().zip(bytes) {
        *owner = byte;
    }
    table.moving = moving::decode(words.get(MOVING_WORDS..TARGET_WORDS)?)?;
    table.targets = targets::decode(words.get(TARGET_WORDS..)?)?;
    Some(table)
}

#[cfg(test)]
#[path = "tests/egress.rs"]
mod tests;
