extern crate std;
use std::vec::Vec;

use proptest::prelude::*;

use super::{BUCKETS, Share, Shares, UNOWNED, deal, equal, remap};

fn fresh(shares: &[Share]) -> [u8; BUCKETS] {
    let mut buckets = [UNOWNED; BUCKETS];
    remap(&mut buckets, shares);
    buckets
}

fn weighted(weights: &[u32]) -> Shares {
    let share = |(member, &weight)| Share { member, weight };
    (0..).zip(weights).map(share).collect()
}

fn count(buckets: &[u8; BUCKETS], member: u8) -> usize {
    buckets.iter().filter(|&&owner| owner == member).count()
}

fn moved(before: &[u8; BUCKETS], after: &[u8; BUCKETS]) -> usize {
    before.iter().zip(after).filter(|(a, b)| a != b).count()
}

#[test]
fn a_new_table_deals_the_buckets_out_evenly_in_turn() {
    let buckets = fresh(&equal(&[0, 2, 5]));
    assert_eq!(buckets[..6], [0, 2, 5, 0, 2, 5]);
    assert_eq!([0, 2, 5].map(|m| count(&buckets, m)), [86, 85, 85]);
}

#[test]
fn buckets_are_apportioned_by_weight_and_each_member_has_at_least_one() {
    let shares = |weights| {
        let buckets = fresh(&weighted(weights));
        [0, 1, 2].map(|member| count(&buckets, member))
    };
    assert_eq!(shares(&[1, 1, 2]), [64, 64, 128]);
    assert_eq!(shares(&[10_000, 1_000, 1_000]), [214, 21, 21]);
    assert_eq!(shares(&[800_000, 10, 0]), [254, 1, 1]);
}

#[test]
fn equal_weights_of_any_size_are_as_no_weights() {
    assert_eq!(fresh(&weighted(&[7, 7, 7])), fresh(&equal(&[0, 1, 2])));
}

#[test]
fn a_member_of_small_weight_has_its_buckets_among_the_others() {
    let buckets = fresh(&weighted(&[7, 1]));
    for part in buckets.chunks(16) {
        assert_eq!(part.iter().filter(|&&owner| owner == 1).count(), 2);
    }
}

#[test]
fn with_nobody_usable_the_table_waits_for_the_first_to_return() {
    let before = fresh(&equal(&[0, 1]));
    let mut buckets = before;
    remap(&mut buckets, &[]);
    assert_eq!(buckets, before);
    remap(&mut buckets, &equal(&[1]));
    assert_eq!(count(&buckets, 1), BUCKETS);
}

fn shares() -> impl Strategy<Value = Shares> {
    let members = proptest::sample::subsequence((0..16).collect::<Vec<u8>>(), 2..=16);
    let weights = proptest::collection::vec(1..20u32, 16);
    (members, weights).prop_map(|(members, weights)| {
        let share = |(member, weight)| Share { member, weight };
        members.into_iter().zip(weights).map(share).collect()
    })
}

proptest! {
    #[test]
    fn a_loss_moves_only_the_lost_members_buckets(all in shares(), pick in any::<prop::sample::Index>()) {
        let all = equal(&all.iter().map(|share| share.member).collect::<Vec<_>>());
        let before = fresh(&all);
        let lost = all[pick.index(all.len())];
        let left: Shares = all.iter().copied().filter(|&m| m != lost).collect();
        let mut after = before;
        remap(&mut after, &left);
        for (bucket, (old, new)) in before.iter().zip(&after).enumerate() {
            prop_assert_eq!(*old == lost.member, old != new, "bucket {}", bucket);
            prop_assert!(left.iter().any(|share| share.member == *new));
        }
    }

    #[test]
    fn the_forwarders_own_choice_moves_nothing_else_and_leaves_nothing_behind(all in shares(), pick in any::<prop::sample::Index>()) {
        let before = fresh(&all);
        let lost = all[pick.index(all.len())];
        let left: Shares = all.iter().copied().filter(|&m| m != lost).collect();
        let mut after = before;
        deal(&mut after, &left);
        for (old, new) in before.iter().zip(&after) {
            prop_assert_eq!(*old == lost.member, old != new);
            prop_assert!(left.iter().any(|share| share.member == *new));
        }
    }

    #[test]
    fn a_return_moves_only_to_the_returned_member_and_only_its_share(all in shares(), pick in any::<prop::sample::Index>()) {
        let all = equal(&all.iter().map(|share| share.member).collect::<Vec<_>>());
        let back = all[pick.index(all.len())];
        let left: Shares = all.iter().copied().filter(|&m| m != back).collect();
        let before = fresh(&left);
        let mut after = before;
        remap(&mut after, &all);
        prop_assert_eq!(moved(&before, &after), BUCKETS / all.len());
        prop_assert_eq!(count(&after, back.member), BUCKETS / all.len());
    }

    #[test]
    fn no_more_buckets_move_than_the_weights_demand_and_none_a_second_time(before in shares(), after in shares()) {
        let old = fresh(&before);
        let mut new = old;
        remap(&mut new, &after);
        let gained = after.iter().map(|share| count(&new, share.member).saturating_sub(count(&old, share.member)));
        prop_assert_eq!(moved(&old, &new), gained.sum::<usize>());
        let mut again = new;
        remap(&mut again, &after);
        prop_assert_eq!(again, new);
    }

    #[test]
    fn every_bucket_has_an_owner_and_every_member_its_part_rounded(shares in shares()) {
        let buckets = fresh(&shares);
        let total: u32 = shares.iter().map(|share| share.weight).sum();
        for share in &shares {
            let exact = 256.0 * f64::from(share.weight) / f64::from(total);
            let has = f64::from(u32::try_from(count(&buckets, share.member)).unwrap());
            prop_assert!((has - exact).abs() < 1.0 || has >= 1.0 && exact > has - 2.0, "{has} of {exact}");
        }
        prop_assert_eq!(shares.iter().map(|share| count(&buckets, share.member)).sum::<usize>(), BUCKETS);
    }
}
