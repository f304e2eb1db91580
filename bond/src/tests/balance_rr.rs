extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::Turn;
use crate::Mode;
use crate::egress::Table;

const FRAME: [u8; 60] = [0; 60];

fn table(usable: &[u8], packets_per_member: u16) -> Table {
    Table {
        mode: Mode::BalanceRr,
        packets_per_member,
        usable: usable.iter().copied().collect(),
        ..Table::default()
    }
}

/// The members of so many frames in a row.
fn members(table: &Table, turn: &mut Turn, masked: u32, frames: usize) -> Vec<usize> {
    let mut next = || table.ways(turn, &FRAME, masked).expect("a member").first;
    (0..frames).map(|_| next()).collect()
}

/// IGMP in IPv4, behind a tag or not.
fn igmp(tag: &[u8], protocol: u8) -> Vec<u8> {
    let mut frame = [0; 12].to_vec();
    frame.extend(tag);
    frame.extend([8, 0, 0x46, 0, 0, 32, 0, 0, 0, 0, 1, protocol]);
    frame.resize(60, 0);
    frame
}

#[test]
fn packets_take_the_usable_members_in_turn_and_so_many_in_a_row() {
    let mut turn = Turn::new(0);
    let one = table(&[0, 2, 3], 1);
    assert_eq!(members(&one, &mut turn, 0, 6), [0, 2, 3, 0, 2, 3]);
    let mut turn = Turn::new(1);
    let two = table(&[0, 2, 3], 2);
    assert_eq!(members(&two, &mut turn, 0, 6), [2, 2, 3, 3, 0, 0]);
}

#[test]
fn a_masked_member_gets_nothing_and_the_others_the_same() {
    let mut turn = Turn::new(0);
    let table = table(&[0, 2, 3], 1);
    assert_eq!(members(&table, &mut turn, 1 << 2, 4), [0, 3, 0, 3]);
    assert_eq!(table.ways(&mut turn, &FRAME, u32::MAX), None);
}

#[test]
fn igmp_always_takes_the_first_usable_member_and_no_other_protocol_does() {
    let mut turn = Turn::new(0);
    let table = table(&[1, 2], 1);
    let mut of = |frame: &[u8], masked| table.ways(&mut turn, frame, masked).map(|w| w.first);
    for tag in [&[][..], &[0x81, 0, 0, 7]] {
        let reports: Vec<_> = (0..4).map(|_| of(&igmp(tag, 2), 0)).collect();
        assert_eq!(reports, [Some(1); 4]);
        assert_eq!(of(&igmp(tag, 2), 1 << 1), Some(2));
        let others: Vec<_> = (0..4).map(|_| of(&igmp(tag, 17), 0)).collect();
        assert_eq!(others, [1, 2, 1, 2].map(Some));
    }
}

#[test]
fn with_0_packets_per_member_each_packet_takes_a_random_member() {
    let table = table(&[0, 1, 2], 0);
    for seed in 0..8 {
        let taken = members(&table, &mut Turn::new(seed), 0, 3_000);
        for member in 0..3 {
            let share = taken.iter().filter(|&&one| one == member).count();
            assert!((850..1_150).contains(&share), "{member}: {share} of 3,000");
        }
        let again = taken.windows(2).filter(|two| two[0] == two[1]).count();
        assert!((850..1_150).contains(&again), "{again} repeat of 3,000");
    }
}

#[test]
fn a_shorter_row_takes_effect_at_once() {
    let mut turn = Turn::new(0);
    assert_eq!(members(&table(&[0, 1], 9), &mut turn, 0, 5), [0; 5]);
    assert_eq!(members(&table(&[0, 1], 2), &mut turn, 0, 4), [1, 1, 0, 0]);
}

proptest! {
    #[test]
    fn the_shares_of_the_usable_members_are_exactly_equal(
        usable in proptest::sample::subsequence((0..16).collect::<Vec<u8>>(), 1..=16),
        packets_per_member in 1u16..40,
        seed in any::<u32>(),
        rounds in 1usize..5,
        before in 0usize..100,
    ) {
        let table = table(&usable, packets_per_member);
        let mut turn = Turn::new(seed);
        members(&table, &mut turn, 0, before);
        let round = usable.len() * usize::from(packets_per_member);
        let taken = members(&table, &mut turn, 0, rounds * round);
        for &member in &usable {
            let share = taken.iter().filter(|&&one| one == usize::from(member)).count();
            prop_assert_eq!(share, rounds * usize::from(packets_per_member));
        }
    }
}
