//! From the places that members had to those that they have: who has the same name is the same.
//!
//! Whatever holds a member's place has one function that takes a [`Renumbering`]. Nothing else of
//! it changes by that.

use crate::resilient::UNOWNED;
use crate::{BUCKETS, Config, MAX_MEMBERS};

/// How the places of one configuration's members become those of the next one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renumbering {
    /// By old place: the new one; None: the member is gone.
    to: heapless::Vec<Option<usize>, MAX_MEMBERS>,
    /// How many members there are now.
    members: usize,
}

impl Renumbering {
    /// From the members of `before` to those of `now`.
    #[must_use]
    pub fn between(before: &Config, now: &Config) -> Self {
        let place = |name: &str| {
            let mut members = now.members.iter().take(MAX_MEMBERS);
            members.position(|member| member.name == name)
        };
        let before = before.members.iter().take(MAX_MEMBERS);
        Self {
            to: before.map(|member| place(&member.name)).collect(),
            members: now.members.len().min(MAX_MEMBERS),
        }
    }

    /// Whether every member is where it was, and there is no other.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        let mut places = self.to.iter().enumerate();
        self.members == self.to.len() && places.all(|(old, new)| *new == Some(old))
    }

    /// Where this member is now; None: it is gone.
    #[must_use]
    pub fn place(&self, old: usize) -> Option<usize> {
        self.to.get(old).copied().flatten()
    }

    /// What belongs to each member now, in the new order: what it had, or something `fresh` for who
    /// is new.
    pub fn carry<T>(
        &self,
        had: impl IntoIterator<Item = T>,
        mut fresh: impl FnMut(usize) -> T,
    ) -> impl Iterator<Item = T> {
        let mut places: heapless::Vec<Option<T>, MAX_MEMBERS> =
            (0..self.members).map(|_| None).collect();
        for (to, had) in self.to.iter().zip(had) {
            if let Some(place) = to.and_then(|to| places.get_mut(to)) {
                *place = Some(had);
            }
        }
        let places = places.into_iter().enumerate();
        places.map(move |(place, had)| had.unwrap_or_else(|| fresh(place)))
    }

    /// As [`place`](Self::place), in the egress table's form.
    pub(crate) fn entry(&self, old: u8) -> Option<u8> {
        u8::try_from(self.place(old.into())?).ok()
    }

    /// Renames the owners of buckets; how many of them are gone.
    pub(crate) fn rename(&self, owners: &mut [u8; BUCKETS]) -> usize {
        let mut gone = 0;
        for owner in owners.iter_mut().filter(|owner| **owner != UNOWNED) {
            *owner = self.entry(*owner).unwrap_or(UNOWNED);
            gone += usize::from(*owner == UNOWNED);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;
    use crate::Mode;

    fn between(before: &[&str], now: &[&str]) -> Renumbering {
        let of = |members: &[&str]| Config::new("bond0", Mode::Ieee8023ad, members);
        Renumbering::between(&of(before), &of(now))
    }

    fn carried(renumbering: &Renumbering, had: &[char]) -> Vec<char> {
        let had = had.iter().copied();
        renumbering.carry(had, |_| '-').collect()
    }

    #[test]
    fn who_has_the_same_name_has_what_it_had_wherever_it_is_now() {
        let turned = between(&["a", "b", "c"], &["c", "d", "a"]);
        assert_eq!(carried(&turned, &['A', 'B', 'C']), ['C', '-', 'A']);
        assert_eq!(
            [0, 1, 2, 3].map(|old| turned.place(old)),
            [Some(2), None, Some(0), None]
        );
        assert!(!turned.is_identity());
        assert!(between(&["a", "b"], &["a", "b"]).is_identity());
        assert!(!between(&["a", "b"], &["a"]).is_identity());
        assert!(!between(&["a"], &["a", "b"]).is_identity());
    }

    #[test]
    fn buckets_follow_their_owners_and_those_of_nobody_wait_for_one() {
        let mut owners = [UNOWNED; BUCKETS];
        owners[..4].copy_from_slice(&[0, 1, 2, 9]);
        assert_eq!(
            between(&["a", "b", "c"], &["c", "a"]).rename(&mut owners),
            2
        );
        assert_eq!(owners[..4], [1, UNOWNED, 0, UNOWNED]);
        assert!(owners[4..].iter().all(|owner| *owner == UNOWNED));
    }
}
