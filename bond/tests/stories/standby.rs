//! More members than may carry traffic (`lacp_max_bundle`).

use bond::lacp::selection::Selected;
use bond::{Config, Why};

use crate::pair::{Pair, fast, ms};

fn at_most(most: u8, members: usize) -> Config {
    Config {
        lacp_max_bundle: most,
        ..fast(members)
    }
}

fn with_priorities(mut config: Config, priorities: &[u16]) -> Config {
    for (member, priority) in config.members.iter_mut().zip(priorities) {
        member.port_priority = *priority;
    }
    config
}

#[test]
fn as_many_members_as_may_carry_and_the_others_stand_by() {
    let pair = Pair::settled(at_most(2, 4), fast(4));
    assert_eq!([pair.usable(0), pair.usable(1)], [vec![0, 1], vec![0, 1]]);
    assert_eq!(pair.why(0, 2), Some(Why::Standby));
    assert_eq!(pair.port(0, 3).selected, Selected::Standby);
    assert_eq!(pair.why(1, 3), Some(Why::PartnerNotInSync));
    let pair = Pair::settled(at_most(4, 4), fast(4));
    assert_eq!(pair.usable(0), [0, 1, 2, 3]);
}

#[test]
fn the_ports_of_lowest_priority_number_carry() {
    let config = with_priorities(at_most(2, 4), &[40, 10, 30, 20]);
    assert_eq!(Pair::settled(config, fast(4)).usable(0), [1, 3]);
}

#[test]
fn the_priorities_of_the_lower_system_decide_at_both_ends() {
    let ours = with_priorities(at_most(2, 4), &[1, 1, 9, 9]);
    let theirs = with_priorities(at_most(2, 4), &[9, 9, 1, 1]);
    for (system_priority, usable) in [(65_535, vec![0, 1]), (1, vec![2, 3])] {
        let theirs = Config {
            ad_actor_sys_prio: system_priority,
            ..theirs.clone()
        };
        let pair = Pair::settled(ours.clone(), theirs);
        assert_eq!([pair.usable(0), pair.usable(1)], [usable.clone(), usable]);
    }
}

#[test]
fn a_member_that_fails_is_replaced_at_once_and_takes_its_place_again() {
    for most in [1, 2] {
        let mut pair = Pair::settled(at_most(most, 3), fast(3));
        pair.cable(0, false);
        pair.run(ms(10));
        let replaced: Vec<u8> = (1..=most).collect();
        assert_eq!(
            [pair.usable(0), pair.usable(1)],
            [replaced.clone(), replaced.clone()]
        );
        pair.cable(0, true);
        pair.run(ms(1_900));
        assert_eq!(
            pair.usable(0),
            replaced,
            "whoever has to wait displaces nobody"
        );
        pair.run(ms(200));
        let first: Vec<u8> = (0..most).collect();
        assert_eq!([pair.usable(0), pair.usable(1)], [first.clone(), first]);
    }
}

#[test]
fn a_change_of_places_leaves_the_bond_without_a_member_for_milliseconds_only() {
    let mut pair = Pair::settled(at_most(1, 2), at_most(1, 2));
    pair.cable(0, false);
    pair.run(ms(4_000));
    pair.cable(0, true);
    let end = pair.now + ms(5_000);
    let (mut longest, mut empty_since) = (0, None);
    while pair.step(end) {
        empty_since = match pair.usable(0).as_slice() {
            [] => empty_since.or(Some(pair.now)),
            _ => None,
        };
        longest = empty_since.map_or(longest, |since| {
            pair.now.since(since).as_millis().max(longest)
        });
    }
    assert_eq!(pair.usable(0), [0]);
    assert!(longest <= 10, "{longest} ms");
}

#[test]
fn a_member_that_one_side_cannot_hear_is_given_up_by_both() {
    for deaf in [0, 1] {
        let mut pair = Pair::settled(at_most(1, 2), at_most(1, 2));
        pair.deaf = Some((deaf, 0));
        pair.run(ms(4_000));
        assert_eq!([pair.usable(0), pair.usable(1)], [vec![1], vec![1]]);
        pair.run(ms(60_000));
        assert_eq!([pair.usable(0), pair.usable(1)], [vec![1], vec![1]]);
        pair.deaf = None;
        pair.run(ms(40_000));
        assert_eq!([pair.usable(0), pair.usable(1)], [vec![0], vec![0]]);
    }
}

#[test]
fn a_limit_that_changes_takes_members_in_and_out_and_leaves_the_others() {
    let mut pair = Pair::settled(fast(3), fast(3));
    for (most, usable) in [(1, vec![0]), (2, vec![0, 1]), (0, vec![0, 1, 2])] {
        pair.configure(0, at_most(most, 3));
        pair.run(ms(3_000));
        assert_eq!([pair.usable(0), pair.usable(1)], [usable.clone(), usable]);
    }
    let of_first = |(_, event): &&(usize, bond::Event)| event.member() == Some(0);
    assert_eq!(pair.events.iter().find(of_first), None);
}
