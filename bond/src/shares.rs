//! Buckets of balance-tlb and balance-alb: who owns which follows from loads, so that nothing evens the
//! owners' counts out but a member that returns.

use crate::resilient::{BUCKETS, deal, equal};

/// Deals the buckets out again after the members changed from `before` to `now`. Those of members that are
/// gone, and no others, go to the members that are there; one that is new takes an equal share (rounded
/// down), one at a time from whoever then has most. With nobody there all stays, for who comes back first.
///
/// Shares are taken apart from each other: what differs little, as addresses that follow each other do, is
/// in buckets side by side, and shall not all be one member's.
pub(crate) fn share_out(buckets: &mut [u8; BUCKETS], before: &[u8], now: &[u8]) {
    // As the forwarder does by itself while the member is masked.
    deal(buckets, &equal(now));
    let share = BUCKETS.checked_div(now.len()).unwrap_or(0);
    for &joined in now.iter().filter(|member| !before.contains(member)) {
        while count(buckets, joined) < share {
            let Some(owner) = take_from_richest(buckets, now) else {
                return;
            };
            *owner = joined;
        }
    }
}

fn count(buckets: &[u8; BUCKETS], member: u8) -> usize {
    buckets.iter().filter(|&&owner| owner == member).count()
}

/// A bucket of the member that has most, the first of equals.
fn take_from_richest<'b>(buckets: &'b mut [u8; BUCKETS], members: &[u8]) -> Option<&'b mut u8> {
    let stride = members.len();
    let members = members.iter().copied().rev();
    let richest = members.max_by_key(|&member| count(buckets, member))?;
    let is_richest = |bucket: &usize| buckets.get(*bucket) == Some(&richest);
    let bucket = apart(stride).find(is_richest)?;
    buckets.get_mut(bucket)
}

/// All buckets, those first that are this far from each other.
fn apart(stride: usize) -> impl Iterator<Item = usize> {
    let stride = stride.max(1);
    (0..stride).flat_map(move |first| (first..BUCKETS).step_by(stride))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::{BUCKETS, count, share_out};
    use crate::resilient::{UNOWNED, deal, equal};

    fn fresh(members: &[u8]) -> [u8; BUCKETS] {
        let mut buckets = [UNOWNED; BUCKETS];
        share_out(&mut buckets, &[], members);
        buckets
    }

    #[test]
    fn a_returned_member_has_a_share_of_any_buckets_that_follow_each_other() {
        for members in [&[0, 1][..], &[0, 1, 2, 3]] {
            let (left, returned) = (&members[1..], members[0]);
            let mut buckets = fresh(left);
            share_out(&mut buckets, left, members);
            assert_eq!(count(&buckets, returned), BUCKETS / members.len());
            for run in buckets.chunks(2 * members.len()) {
                let own = run.iter().filter(|&&owner| owner == returned).count();
                assert!((1..=3).contains(&own), "{run:?}");
            }
        }
    }

    #[test]
    fn what_loads_have_made_uneven_stays_and_so_does_all_while_nobody_is_there() {
        let mut buckets = fresh(&[0, 1]);
        buckets[..200].fill(1);
        let before = buckets;
        share_out(&mut buckets, &[0, 1], &[0, 1]);
        assert_eq!(buckets, before);
        share_out(&mut buckets, &[0, 1], &[]);
        assert_eq!(buckets, before);
    }

    proptest! {
        #[test]
        fn of_a_member_that_goes_only_its_buckets_move_as_the_forwarder_moves_them(
            all in proptest::sample::subsequence((0..16).collect::<Vec<u8>>(), 2..=16),
            pick in any::<prop::sample::Index>(),
        ) {
            let before = fresh(&all);
            let lost = all[pick.index(all.len())];
            let left: Vec<u8> = all.iter().copied().filter(|&member| member != lost).collect();
            let mut dealt = before;
            deal(&mut dealt, &equal(&left));
            let mut after = before;
            share_out(&mut after, &all, &left);
            for bucket in 0..=255_u8 {
                let [old, new] = [before, after].map(|table| table[usize::from(bucket)]);
                if old == lost {
                    prop_assert_eq!(dealt[usize::from(bucket)], new);
                } else {
                    prop_assert_eq!(old, new);
                }
            }
        }
    }
}
