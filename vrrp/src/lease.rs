//! The lease of a virtual MAC: two words per virtual router, in memory that `vrrpd` writes and `lvsd`
//! reads. They hold the nanoseconds of the monotonic clock until which, and since when, this box is
//! Active; a `vrrpd` that dies renews it no more, and the box falls silent by itself.

use core::sync::atomic::{AtomicU64, Ordering};

use wire::Instant;

use crate::config::{Family, Vrid};

/// Words of one bond: two for each VRID of each family.
pub const WORDS_PER_BOND: usize = 1024;

/// The most bonds that have leases.
pub const MAX_BONDS: usize = 15;

/// Words of the whole memory.
pub const WORDS: usize = WORDS_PER_BOND * MAX_BONDS;

/// What stands in place of the moment since when, while the lease fades.
const FADING: u64 = 0;

/// The place of a virtual router's word; `bond` is the bond's place in lvsd's order.
#[must_use]
pub const fn word(bond: usize, family: Family, vrid: Vrid) -> usize {
    let family = match family {
        Family::Ipv4 => 0,
        Family::Ipv6 => 512,
    };
    bond * WORDS_PER_BOND + family + vrid.get() as usize * 2
}

/// Grants the lease until `until`; an earlier moment than before shortens it. One that did not hold
/// begins at `now`.
pub fn grant(words: &[AtomicU64], word: usize, now: Instant, until: Instant) {
    let Some([end, since]) = words.get(word..word + 2) else {
        return;
    };
    if !is_held(words, word, now) || since.load(Ordering::Acquire) == FADING {
        since.store(now.as_nanos(), Ordering::Release);
    }
    end.store(until.as_nanos(), Ordering::Release);
}

/// Lets the lease go on until `until` for what still comes here, while another box is Active: nothing
/// is answered any more by the virtual MAC, which is the other box's now.
pub fn fade(words: &[AtomicU64], word: usize, until: Instant) {
    if let Some([end, since]) = words.get(word..word + 2) {
        since.store(FADING, Ordering::Release);
        end.store(until.as_nanos(), Ordering::Release);
    }
}

/// Ends the lease.
pub fn release(words: &[AtomicU64], word: usize) {
    if let Some(end) = words.get(word) {
        end.store(0, Ordering::Release);
    }
}

/// Since when a lease that holds has been held.
#[must_use]
pub fn since(words: &[AtomicU64], word: usize) -> Instant {
    let since = words
        .get(word + 1)
        .map_or(0, |since| since.load(Ordering::Acquire));
    Instant::from_nanos(since)
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

    fn words() -> [AtomicU64; WORDS_PER_BOND * 2] {
        [const { AtomicU64::new(0) }; WORDS_PER_BOND * 2]
    }

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn a_lease_holds_until_its_end_and_no_longer() {
        let words = words();
        let word = word(1, Family::Ipv6, Vrid::new(255).unwrap());
        assert!(!is_held(&words, word, at(5)));
        grant(&words, word, at(5), at(10));
        assert!(is_held(&words, word, at(9)));
        assert!(!is_held(&words, word, at(10)));
        release(&words, word);
        assert!(!is_held(&words, word, at(6)));
    }

    #[test]
    fn a_lease_that_is_renewed_in_time_is_the_same_lease() {
        let words = words();
        let word = word(0, Family::Ipv4, Vrid::new(1).unwrap());
        grant(&words, word, at(5), at(10));
        grant(&words, word, at(9), at(15));
        assert_eq!(since(&words, word), at(5));
        grant(&words, word, at(15), at(20));
        assert_eq!(
            since(&words, word),
            at(15),
            "one that had run out begins anew"
        );
    }

    #[test]
    fn a_lease_that_fades_holds_since_never_until_it_is_granted_anew() {
        let words = words();
        let word = word(0, Family::Ipv4, Vrid::new(1).unwrap());
        grant(&words, word, at(5), at(10));
        fade(&words, word, at(12));
        assert!(is_held(&words, word, at(11)) && !is_held(&words, word, at(12)));
        assert_eq!(since(&words, word), at(0));
        grant(&words, word, at(11), at(20));
        assert_eq!(since(&words, word), at(11));
    }

    #[test]
    fn every_virtual_router_has_words_of_its_own() {
        let mut seen = [false; WORDS_PER_BOND * 2];
        for bond in 0..2 {
            for family in [Family::Ipv4, Family::Ipv6] {
                for vrid in 1..=255 {
                    let word = word(bond, family, Vrid::new(vrid).unwrap());
                    for at in [word, word + 1] {
                        assert!(!seen[at], "{bond} {family:?} {vrid}");
                        seen[at] = true;
                    }
                }
            }
        }
    }

    #[test]
    fn memory_that_is_too_small_holds_no_lease() {
        grant(&[], 3, at(1), at(2));
        assert!(!is_held(&[], 3, at(1)));
        assert_eq!(since(&[], 3), at(0));
    }
}
