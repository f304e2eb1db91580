//! The registry: which real a connection's id means, also for the next process.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use super::layout::SlotWords;
use crate::address::{Address, Endpoint};

/// A real's persistent id: a slot of the registry, and which of its uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealId {
    /// The slot.
    pub slot: u16,
    /// Which use of the slot, so that a connection of an earlier one is told apart.
    pub generation: u16,
}

/// What a real is recognised by: the service and itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RealKey {
    /// The IP protocol number.
    pub(crate) protocol: u8,
    /// The virtual endpoint.
    pub(crate) service: Endpoint,
    /// The real's endpoint.
    pub(crate) real: Endpoint,
}

const VALID: u64 = 1 << 63;

/// The registry's slots. Only one thread at a time may enter reals.
#[derive(Clone, Copy, Debug)]
pub struct Registry<'m>(pub &'m [SlotWords]);

impl Registry<'_> {
    /// The real with this id, if the slot is still in that use.
    #[inline]
    pub fn find(self, id: RealId) -> Option<RealKey> {
        let words = self.0.get(usize::from(id.slot))?;
        read(words)
            .filter(|(generation, _)| *generation == id.generation)
            .map(|(_, key)| key)
    }

    /// All reals that are entered.
    pub fn entered(self) -> BTreeMap<RealKey, RealId> {
        let slots = (0..=u16::MAX).zip(self.0);
        let known = slots.filter_map(|(slot, words)| {
            let (generation, key) = read(words)?;
            Some((key, RealId { slot, generation }))
        });
        known.collect()
    }

    /// How many slots these reals need beside those that have connections still.
    pub fn demand(self, wanted: &BTreeSet<RealKey>, unused: impl Fn(u16) -> bool) -> usize {
        let leaving = self
            .entered()
            .into_iter()
            .filter(|(key, id)| !wanted.contains(key) && !unused(id.slot));
        wanted.len() + leaving.count()
    }

    /// The ids of these reals: those that they have, else new ones in slots that are free or that
    /// `unused` says no connection needs. A real for which there is no slot gets none.
    pub fn assign(
        self,
        wanted: &[RealKey],
        unused: impl Fn(u16) -> bool,
    ) -> BTreeMap<RealKey, RealId> {
        let mut entered = self.entered();
        let kept: BTreeSet<RealKey> = wanted.iter().copied().collect();
        entered.retain(|key, id| kept.contains(key) || !unused(id.slot));
        let held: BTreeSet<u16> = entered.values().map(|id| id.slot).collect();
        let mut free = (0..=u16::MAX)
            .zip(self.0)
            .filter(|(slot, _)| !held.contains(slot));
        let missing: Vec<RealKey> = kept
            .iter()
            .filter(|key| !entered.contains_key(key))
            .copied()
            .collect();
        for key in missing {
            let Some((slot, words)) = free.next() else {
                break;
            };
            entered.insert(
                key,
                RealId {
                    slot,
                    generation: enter(words, &key),
                },
            );
        }
        entered.retain(|key, _| kept.contains(key));
        entered
    }
}

/// A slot's generation and real, if it is in use and makes sense.
fn read(words: &SlotWords) -> Option<(u16, RealKey)> {
    let [head, ports, s0, s1, r0, r1, ..] = words;
    let head = head.load(Ordering::Acquire);
    if head & VALID == 0 {
        return None;
    }
    let [_, _, _, _, _, protocol, g0, g1] = head.to_be_bytes();
    let [p0, p1, q0, q1, ..] = ports.load(Ordering::Relaxed).to_be_bytes();
    let address = |a: &core::sync::atomic::AtomicU64, b: &core::sync::atomic::AtomicU64| {
        Address::from_words([a.load(Ordering::Relaxed), b.load(Ordering::Relaxed)])
    };
    let service = Endpoint {
        address: address(s0, s1),
        port: u16::from_be_bytes([p0, p1]),
    };
    let real = Endpoint {
        address: address(r0, r1),
        port: u16::from_be_bytes([q0, q1]),
    };
    Some((
        u16::from_be_bytes([g0, g1]),
        RealKey {
            protocol,
            service,
            real,
        },
    ))
}

/// Enters a real in a slot, the valid word last; returns the slot's new generation.
fn enter(words: &SlotWords, key: &RealKey) -> u16 {
    let [head, ports, s0, s1, r0, r1, ..] = words;
    let [.., g0, g1] = head.load(Ordering::Relaxed).to_be_bytes();
    let generation = u16::from_be_bytes([g0, g1]).wrapping_add(1);
    head.store(u64::from(generation), Ordering::Release);
    let port = u64::from(key.service.port) << 48 | u64::from(key.real.port) << 32;
    ports.store(port, Ordering::Release);
    for (word, value) in [s0, s1].into_iter().zip(key.service.address.to_words()) {
        word.store(value, Ordering::Release);
    }
    for (word, value) in [r0, r1].into_iter().zip(key.real.address.to_words()) {
        word.store(value, Ordering::Release);
    }
    let valid = VALID | u64::from(key.protocol) << 16 | u64::from(generation);
    head.store(valid, Ordering::Release);
    generation
}
