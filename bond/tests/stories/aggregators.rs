//! One partner system with two keys, as of two switches: two aggregators, of which one carries the
//! traffic (`ad_select`).

use bond::{AdSelect, Config, Why};

use crate::pair::{Pair, fast, ms};

/// Three members, the third of them ten times as fast; the other end decides alike.
fn pair(ad_select: AdSelect, priorities: [u16; 3]) -> Pair {
    let config = || {
        let mut config = Config {
            ad_select,
            ..fast(3)
        };
        for (member, priority) in config.members.iter_mut().zip(priorities) {
            member.port_priority = priority;
        }
        config
    };
    let mut pair = Pair::new(config(), config());
    for (member, speed) in [(0, 1_000), (1, 1_000), (2, 10_000)] {
        pair.change(0, member, |interface| interface.speed = Some(speed));
        pair.change(1, member, |interface| interface.speed = Some(speed));
    }
    pair
}

fn settled(ad_select: AdSelect, priorities: [u16; 3]) -> Pair {
    let mut pair = pair(ad_select, priorities);
    pair.run(ms(6_000));
    assert_eq!(pair.usable(0), pair.usable(1));
    pair
}

const EQUAL: [u16; 3] = [255; 3];

#[test]
fn one_partner_with_two_keys_makes_two_aggregators_of_which_one_carries() {
    let pair = settled(AdSelect::Bandwidth, EQUAL);
    let aggregators = [0, 1, 2].map(|member| pair.port(0, member).aggregator);
    assert_eq!(aggregators[0], aggregators[1]);
    assert_ne!(aggregators[0], aggregators[2]);
    assert_eq!(pair.usable(0), [2]);
    assert_eq!(pair.why(0, 0), Some(Why::PartnerKey));
    let lag_ids = [0, 1, 2].map(|member| pair.port(0, member).lag_id.expect("a partner"));
    assert_eq!(lag_ids[0], lag_ids[1]);
    let expected = "[(FFFF,02-00-00-00-00-00,0009,0000,0000), \
                    (FFFF,02-00-00-00-01-00,0009,0000,0000)]";
    assert_eq!(lag_ids[0], expected);
    assert_ne!(lag_ids[0], lag_ids[2]);
}

#[test]
fn the_policy_says_which_of_two_aggregators_carries() {
    assert_eq!(settled(AdSelect::Bandwidth, EQUAL).usable(0), [2]);
    assert_eq!(settled(AdSelect::Count, EQUAL).usable(0), [0, 1]);
    assert_eq!(settled(AdSelect::ActorPortPrio, EQUAL).usable(0), [0, 1]);
    let high = [10, 10, 21];
    assert_eq!(settled(AdSelect::ActorPortPrio, high).usable(0), [2]);
}

#[test]
fn stable_keeps_what_works_and_bandwidth_moves_to_the_better_one() {
    for (ad_select, after) in [
        (AdSelect::Stable, vec![0, 1]),
        (AdSelect::Bandwidth, vec![2]),
    ] {
        let mut pair = pair(ad_select, EQUAL);
        pair.cable(2, false);
        pair.run(ms(5_000));
        assert_eq!(pair.usable(0), [0, 1]);
        pair.cable(2, true);
        pair.run(ms(5_000));
        assert_eq!(pair.usable(0), after, "{ad_select}");
        assert_eq!(pair.usable(1), after, "{ad_select}");
    }
}

#[test]
fn stable_moves_when_nobody_answers_on_the_aggregator_in_use() {
    let mut pair = settled(AdSelect::Stable, EQUAL);
    let used = pair.usable(0);
    for member in &used {
        pair.silent[usize::from(*member)] = true;
    }
    pair.run(ms(10_000));
    let now = pair.usable(0);
    assert!(!now.is_empty() && now.iter().all(|member| !used.contains(member)));
}

#[test]
fn a_policy_changed_while_the_bond_runs_holds_at_once() {
    let mut pair = settled(AdSelect::Bandwidth, EQUAL);
    for side in 0..2 {
        let config = Config {
            ad_select: AdSelect::Count,
            ..fast(3)
        };
        pair.configure(side, config);
    }
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0, 1]);
}
