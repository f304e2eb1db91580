//! The resilient mapping: 256 buckets, of which only those move that have to.

/// Buckets of a table; a frame's bucket is the low byte of its hash.
pub const BUCKETS: usize = 256;

/// The owner of a bucket that has never had one.
pub const UNOWNED: u8 = u8::MAX;

/// The owner that a bucket of a lost member falls to: the orphans are dealt out in turn, so that
/// this depends on the table and the survivors only. bondd's next table has the same owner.
#[must_use]
pub fn heir(buckets: &[u8; BUCKETS], survivors: &[u8], bucket: u8) -> Option<u8> {
    let before = buckets.iter().take(usize::from(bucket));
    let rank = before.filter(|&owner| !survivors.contains(owner)).count();
    survivors.get(rank.checked_rem(survivors.len())?).copied()
}

/// Deals the buckets out again after the usable members changed from `before` to `now`.
///
/// Loss: only the lost members' buckets move. Return: each returned member takes buckets up to an
/// equal share (rounded down), one at a time from the member that then has most; no other moves.
/// With nobody usable the table stays, for the member that comes back first.
pub fn remap(buckets: &mut [u8; BUCKETS], before: &[u8], now: &[u8]) {
    if now.is_empty() {
        return;
    }
    let mut heirs = now.iter().copied().cycle();
    for owner in buckets.iter_mut().filter(|owner| !now.contains(owner)) {
        *owner = heirs.next().unwrap_or(UNOWNED);
    }
    let share = BUCKETS.checked_div(now.len()).unwrap_or(BUCKETS);
    for &joined in now.iter().filter(|member| !before.contains(member)) {
        while count(buckets, joined) < share {
            let Some(richest) = richest(buckets, now) else {
                return;
            };
            let Some(taken) = buckets.iter_mut().find(|owner| **owner == richest) else {
                return;
            };
            *taken = joined;
        }
    }
}

fn count(buckets: &[u8; BUCKETS], member: u8) -> usize {
    buckets.iter().filter(|&&owner| owner == member).count()
}

/// The member with most buckets, the first of equals.
fn richest(buckets: &[u8; BUCKETS], members: &[u8]) -> Option<u8> {
    members
        .iter()
        .copied()
        .rev()
        .max_by_key(|&member| count(buckets, member))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::{BUCKETS, UNOWNED, count, heir, remap};

    fn fresh(members: &[u8]) -> [u8; BUCKETS] {
        let mut buckets = [UNOWNED; BUCKETS];
        remap(&mut buckets, &[], members);
        buckets
    }

    #[test]
    fn a_new_table_deals_the_buckets_out_evenly_in_turn() {
        let buckets = fresh(&[0, 2, 5]);
        assert_eq!(buckets[..6], [0, 2, 5, 0, 2, 5]);
        assert_eq!([0, 2, 5].map(|m| count(&buckets, m)), [86, 85, 85]);
    }

    #[test]
    fn with_nobody_usable_the_table_waits_for_the_first_to_return() {
        let before = fresh(&[0, 1]);
        let mut buckets = before;
        remap(&mut buckets, &[0, 1], &[]);
        assert_eq!(buckets, before);
        remap(&mut buckets, &[], &[1]);
        assert_eq!(count(&buckets, 1), BUCKETS);
    }

    fn members() -> impl Strategy<Value = Vec<u8>> {
        proptest::sample::subsequence((0..16).collect::<Vec<u8>>(), 2..=16)
    }

    proptest! {
        #[test]
        fn a_loss_moves_only_the_lost_members_buckets(all in members(), pick in any::<prop::sample::Index>()) {
            let before = fresh(&all);
            let lost = all[pick.index(all.len())];
            let left: Vec<u8> = all.iter().copied().filter(|&m| m != lost).collect();
            let mut after = before;
            remap(&mut after, &all, &left);
            for (bucket, (old, new)) in before.iter().zip(&after).enumerate() {
                prop_assert_eq!(*old == lost, old != new, "bucket {}", bucket);
                prop_assert!(left.contains(new));
            }
        }

        #[test]
        fn the_forwarders_own_choice_is_what_the_next_table_says(all in members(), pick in any::<prop::sample::Index>()) {
            let before = fresh(&all);
            let lost = all[pick.index(all.len())];
            let left: Vec<u8> = all.iter().copied().filter(|&m| m != lost).collect();
            let mut after = before;
            remap(&mut after, &all, &left);
            for bucket in 0..=255u8 {
                if before[usize::from(bucket)] == lost {
                    prop_assert_eq!(heir(&before, &left, bucket), Some(after[usize::from(bucket)]));
                }
            }
        }

        #[test]
        fn a_return_moves_only_to_the_returned_member_and_only_its_share(all in members(), pick in any::<prop::sample::Index>()) {
            let lost = all[pick.index(all.len())];
            let left: Vec<u8> = all.iter().copied().filter(|&m| m != lost).collect();
            let before = fresh(&left);
            let mut after = before;
            remap(&mut after, &left, &all);
            let moved = before.iter().zip(&after).filter(|(old, new)| old != new).count();
            prop_assert_eq!(moved, BUCKETS / all.len());
            prop_assert_eq!(count(&after, lost), moved);
            for &member in &left {
                prop_assert!(count(&after, member) <= BUCKETS / all.len() + 2);
            }
        }
    }
}
