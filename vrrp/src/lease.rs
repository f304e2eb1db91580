//! The lease of a virtual MAC: a word per virtual router, in memory that `vrrpd` writes and `lvsd`
//! reads. It holds the nanosecond of the monotonic clock until which this box is Active; a `vrrpd`
//! that dies renews it no more, and the box falls silent by itself.

use core::sync::atomic::{AtomicU64, Ordering};

use wire::Instant;

use crate::config::{Family, Vrid};

/// Words of one bond: a word for each VRID of each family.
pub const WORDS_PER_BOND: usize = 512;

/// The most bonds that have leases.
pub const MAX_BONDS: usize = 15;

/// Words of the whole memory.
pub const WORDS: usize = WORDS_PER_BOND * MAX_BONDS;

/// The place of a virtual router's word; `bond` is the bond's place in lvsd's order.
#[must_use]
pub const fn word(bond: usize, family: Family, vrid: Vrid) -> usize {
    let family = match family {
        Family::Ipv4 => 0,
        Family::Ipv6 => 256,
    };
    bond * WORDS_PER_BOND + family + vrid.get() as usize
}

/// Grants the lease until `until`; an earlier moment than before shortens it.
pub fn grant(words: &[AtomicU64], word: usize, until: Instant) {
    if let Some(lease) = words.get(word) {
        lease.store(until.as_nanos(), Ordering::Release);
    }
}

/// Ends the lease.
pub fn release(words: &[AtomicU64], word: usize) {
    grant(words, word, Instant::from_nanos(0));
}

/// Whether the lease holds at `now`.
#[must_use]
pub fn is_held(words: &[AtomicU64], word: usize, now: Instant) -> bool {
    words
        .get(word)
        .is_some_and(|lease| lease.load(Ordering::Acquire) > now.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vrid(number: u8) -> Vrid {
        Vrid::new(number).unwrap()
    }

    #[test]
    fn each_virtual_router_has_a_word_of_its_own() {
        let mut seen = alloc::collections::BTreeSet::new();
        for bond in 0..MAX_BONDS {
            for number in 1..=255 {
                for family in [Family::Ipv4, Family::Ipv6] {
                    let word = word(bond, family, vrid(number));
                    assert!(word < WORDS && seen.insert(word));
                }
            }
        }
    }

    #[test]
    fn a_lease_holds_until_its_end_and_no_longer_and_can_be_released() {
        let words: [AtomicU64; 2] = Default::default();
        let at = Instant::from_nanos;
        assert!(!is_held(&words, 1, at(0)));
        grant(&words, 1, at(100));
        assert!(is_held(&words, 1, at(99)) && !is_held(&words, 1, at(100)));
        assert!(!is_held(&words, 0, at(50)), "another's word");
        release(&words, 1);
        assert!(!is_held(&words, 1, at(50)));
        // A word that is not there is nobody's.
        grant(&words, 2, at(100));
        assert!(!is_held(&words, 2, at(50)));
    }
}
