extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::{rebalance, weights};
use crate::Interface;
use crate::resilient::BUCKETS;
use crate::shares::share_out;

fn fresh(members: u8) -> [u8; BUCKETS] {
    let mut buckets = [0; BUCKETS];
    buckets.fill(u8::MAX);
    share_out(&mut buckets, &[], &(0..members).collect::<Vec<_>>());
    buckets
}

/// So many bytes in these buckets.
fn bytes(loaded: &[(usize, u64)]) -> [u64; BUCKETS] {
    let mut bytes = [0; BUCKETS];
    for (bucket, load) in loaded {
        bytes[*bucket] = *load;
    }
    bytes
}

fn load(buckets: &[u8; BUCKETS], bytes: &[u64; BUCKETS], member: u8) -> u64 {
    let own = buckets
        .iter()
        .zip(bytes)
        .filter(|(owner, _)| **owner == member);
    own.map(|(_, bytes)| bytes).sum()
}

#[test]
fn one_of_two_heavy_flows_moves_away_from_the_other_and_no_idle_bucket_does() {
    let mut buckets = fresh(2);
    let loaded = bytes(&[(0, 1_000), (2, 1_000)]);
    let before = buckets;
    assert_eq!(rebalance(&mut buckets, &loaded, &[(0, 1), (1, 1)]), 1);
    assert_eq!([0, 1].map(|m| load(&buckets, &loaded, m)), [1_000, 1_000]);
    let moved = before.iter().zip(buckets).filter(|(old, new)| *old != new);
    assert_eq!(moved.count(), 1);
}

#[test]
fn one_flow_stays_where_it_is_however_heavy() {
    let mut buckets = fresh(2);
    let before = buckets;
    assert_eq!(
        rebalance(&mut buckets, &bytes(&[(0, 9_999)]), &[(0, 1), (1, 1)]),
        0
    );
    assert_eq!(rebalance(&mut buckets, &bytes(&[]), &[(0, 1), (1, 1)]), 0);
    assert_eq!(rebalance(&mut buckets, &bytes(&[(0, 5)]), &[]), 0);
    assert_eq!(buckets, before);
}

#[test]
fn less_than_a_tenth_of_the_busiest_is_no_reason_to_move() {
    // 1090 and 910: to move 90 gains 8 %.
    let mut buckets = fresh(2);
    let little = bytes(&[(0, 1_000), (2, 90), (1, 910)]);
    assert_eq!(rebalance(&mut buckets, &little, &[(0, 1), (1, 1)]), 0);
    // 1200 and 800: to move 200 gains 17 %.
    let enough = bytes(&[(0, 1_000), (2, 200), (1, 800)]);
    assert_eq!(rebalance(&mut buckets, &enough, &[(0, 1), (1, 1)]), 1);
}

#[test]
fn a_faster_member_gets_more() {
    let mut buckets = fresh(2);
    let even: Vec<(usize, u64)> = (0..BUCKETS).map(|bucket| (bucket, 100)).collect();
    let even = bytes(&even);
    assert!(rebalance(&mut buckets, &even, &[(0, 1_000), (1, 3_000)]) > 0);
    let slow = load(&buckets, &even, 0);
    assert!((6_000..7_000).contains(&slow), "{slow} of 25600");
    assert_eq!(
        rebalance(&mut buckets, &even, &[(0, 1_000), (1, 3_000)]),
        0,
        "it is good"
    );
}

#[test]
fn members_weigh_their_speeds_and_where_one_is_unknown_all_the_same() {
    let of = |speed| Interface {
        speed,
        ..Interface::default()
    };
    assert_eq!(
        weights(&[of(Some(1_000)), of(Some(10_000))]),
        [1_000, 10_000]
    );
    assert_eq!(weights(&[of(Some(1_000)), of(None)]), [1, 1]);
    assert_eq!(weights(&[of(Some(1_000)), of(Some(0))]), [1, 1]);
}

proptest! {
    #[test]
    fn a_rebalance_gains_a_tenth_or_moves_nothing_and_the_next_one_has_nothing_left(
        loads in proptest::collection::vec(0..1_000_000_u64, BUCKETS),
        speeds in proptest::collection::vec(1..100_000_u32, 1..16),
    ) {
        let members: Vec<(u8, u32)> = (0..).zip(speeds).collect();
        let mut bytes = [0; BUCKETS];
        bytes.copy_from_slice(&loads);
        let mut buckets = fresh(u8::try_from(members.len()).unwrap());
        let peak = |buckets: &[u8; BUCKETS]| {
            let of = |&(member, speed): &(u8, u32)| load(buckets, &bytes, member) as f64 / f64::from(speed);
            members.iter().map(of).fold(0.0, f64::max)
        };
        let before = (buckets, peak(&buckets));
        let moved = rebalance(&mut buckets, &bytes, &members);
        if moved == 0 {
            prop_assert_eq!(buckets, before.0);
        } else {
            prop_assert!(peak(&buckets) <= before.1 * 0.9 * 1.000_001);
            prop_assert_eq!(rebalance(&mut buckets, &bytes, &members), 0);
        }
        let is_member = |owner: &u8| usize::from(*owner) < members.len();
        prop_assert!(buckets.iter().all(is_member));
    }
}
