//! Weighted Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4).
//!
//! Each real has its own permutation of the slots and takes, in turns, its next slot that is still
//! free. A real's turns come in proportion to its weight. Permutations and the flow hash depend on
//! addresses, ports and fixed keys alone, so that every box fills the same table and makes the same
//! choice; removing a real moves little more than its own share.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::Candidate;
use crate::address::Endpoint;
use crate::connection::{Key, RealId};

/// Slots of the table: a prime far above the number of reals.
pub const SLOTS: u32 = 65_537;

/// Keys that all boxes share, each a purpose of its own.
const OFFSET_KEY: [u64; 2] = [0x466f_7572_666f_6c64, 0x6d61_676c_6576_2e30];
const SKIP_KEY: [u64; 2] = [0x466f_7572_666f_6c64, 0x6d61_676c_6576_2e31];
const FLOW_KEY: [u64; 2] = [0x466f_7572_666f_6c64, 0x6d61_676c_6576_2e32];

/// A filled table.
#[derive(Debug)]
pub struct Maglev {
    /// By slot, the place in `reals`; empty when no real takes connections.
    table: Box<[u16]>,
    reals: Box<[RealId]>,
}

impl Maglev {
    /// Fills the table. Takes milliseconds: for the slow path.
    pub fn new(reals: &[Candidate]) -> Self {
        let mut usable: Vec<Candidate> = reals
            .iter()
            .filter(|real| real.weight > 0)
            .copied()
            .collect();
        // The order of turns must not depend on the order of configuration.
        usable.sort_unstable_by_key(|real| real.endpoint);
        usable.truncate(usize::from(u16::MAX));
        let table = fill(&usable);
        Self {
            table,
            reals: usable.iter().map(|real| real.id).collect(),
        }
    }

    /// The real for a connection.
    pub fn choose(&self, key: &Key) -> Option<RealId> {
        let slot = usize::try_from(flow_hash(key) % u64::from(SLOTS)).ok()?;
        self.reals.get(usize::from(*self.table.get(slot)?)).copied()
    }
}

/// A real's walk through the slots.
struct Walk {
    real: u16,
    weight: u64,
    /// Credit towards the next turn, in weights.
    credit: u64,
    next: u32,
    skip: u32,
}

impl Walk {
    fn new(real: u16, candidate: &Candidate) -> Self {
        let place = |key, range: u32| {
            let below = endpoint_hash(key, candidate.endpoint) % u64::from(range);
            u32::try_from(below).unwrap_or_default()
        };
        Self {
            real,
            weight: u64::from(candidate.weight),
            credit: 0,
            next: place(OFFSET_KEY, SLOTS),
            skip: place(SKIP_KEY, SLOTS - 1) + 1,
        }
    }

    /// Takes the next free slot.
    fn take(&mut self, table: &mut [Option<u16>]) {
        for _ in 0..SLOTS {
            let at = self.next as usize;
            self.next = (self.next + self.skip) % SLOTS;
            if let Some(slot @ None) = table.get_mut(at) {
                *slot = Some(self.real);
                return;
            }
        }
    }
}

/// Fills all slots by turns: in each round every real gains its weight, and one that has gained the
/// largest weight takes a slot.
fn fill(reals: &[Candidate]) -> Box<[u16]> {
    let Some(price) = reals.iter().map(|real| u64::from(real.weight)).max() else {
        return Box::default();
    };
    let mut walks: Vec<Walk> = (0..)
        .zip(reals)
        .map(|(real, candidate)| Walk::new(real, candidate))
        .collect();
    let mut table = vec![None; SLOTS as usize];
    let mut free = SLOTS;
    while free > 0 {
        for walk in &mut walks {
            walk.credit += walk.weight;
            if walk.credit >= price && free > 0 {
                walk.credit -= price;
                walk.take(&mut table);
                free -= 1;
            }
        }
    }
    table.into_iter().flatten().collect()
}

fn endpoint_hash([k0, k1]: [u64; 2], endpoint: Endpoint) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(k0, k1);
    write(&mut hasher, endpoint);
    hasher.finish()
}

/// The hash of source and destination address and port and protocol.
fn flow_hash(key: &Key) -> u64 {
    let [k0, k1] = FLOW_KEY;
    let mut hasher = SipHasher13::new_with_keys(k0, k1);
    write(&mut hasher, key.client);
    write(&mut hasher, key.service);
    hasher.write(&[key.protocol]);
    hasher.finish()
}

fn write(hasher: &mut SipHasher13, endpoint: Endpoint) {
    hasher.write(&endpoint.address.to_bits().to_be_bytes());
    hasher.write(&endpoint.port.to_be_bytes());
}

#[cfg(test)]
mod tests;
