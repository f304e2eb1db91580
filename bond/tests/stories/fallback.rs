//! What carries traffic while no partner answers.

use bond::{Config, Event, Fallback, Why};

use crate::pair::{NOBODY, Pair, fast, ms};

fn falls_back(fallback: Fallback) -> Config {
    let mut config = Config {
        fallback,
        ..fast(3)
    };
    config.members[0].port_priority = 300;
    config
}

/// Three seconds of waiting in EXPIRED are over.
fn without_partner(config: Config) -> Pair {
    let mut pair = Pair::new(config, fast(3));
    pair.silent = vec![true; 3];
    pair.run(ms(2_900));
    assert_eq!(pair.usable(0), NOBODY);
    pair.run(ms(200));
    pair
}

#[test]
fn none_carries_nothing_however_long_nobody_answers() {
    let mut pair = without_partner(falls_back(Fallback::None));
    pair.run(ms(600_000));
    assert_eq!((pair.usable(0), pair.receives(0)), (vec![], vec![]));
}

#[test]
fn individual_is_the_best_by_priority_and_stays_while_its_link_is_up() {
    let mut pair = without_partner(falls_back(Fallback::Individual));
    assert_eq!((pair.usable(0), pair.receives(0)), (vec![1], vec![1]));
    assert!(pair.port(0, 1).is_fallback && !pair.port(0, 2).is_fallback);
    assert_eq!((pair.why(0, 1), pair.why(0, 2)), (None, Some(Why::NoPdu)));
    assert!(
        pair.events
            .contains(&(0, Event::Fallback { member: Some(1) }))
    );
    pair.cable(1, false);
    assert_eq!(pair.usable(0), [2]);
    pair.cable(1, true);
    pair.run(ms(60_000));
    assert_eq!(pair.usable(0), [2]);
}

#[test]
fn active_backup_is_always_the_best_by_priority_and_waits_for_nobody() {
    let mut pair = without_partner(falls_back(Fallback::ActiveBackup));
    assert_eq!(pair.usable(0), [1]);
    pair.cable(1, false);
    assert_eq!(pair.usable(0), [2]);
    pair.cable(1, true);
    assert_eq!(
        pair.usable(0),
        [1],
        "at once, without three seconds for LACP"
    );
    pair.cable(2, false);
    pair.cable(1, false);
    assert_eq!(pair.usable(0), [0]);
}

#[test]
fn a_partner_ends_it_on_every_member_at_once() {
    for fallback in [Fallback::Individual, Fallback::ActiveBackup] {
        let mut pair = without_partner(falls_back(fallback));
        pair.silent = vec![false; 3];
        pair.run(ms(40_000));
        assert_eq!(pair.usable(0), [0, 1, 2]);
        assert!(pair.events.contains(&(0, Event::Fallback { member: None })));
        assert!(!pair.port(0, 1).is_fallback);
    }
}

#[test]
fn a_partner_that_expires_is_waited_for_before_there_is_a_fallback() {
    let mut pair = Pair::settled(falls_back(Fallback::ActiveBackup), fast(3));
    pair.silent = vec![true; 3];
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), NOBODY);
    pair.run(ms(1_500));
    assert_eq!(pair.usable(0), [1]);
}

#[test]
fn the_delay_counts_from_when_lacp_gave_up() {
    let delayed = Config {
        fallback_delay: 5_000,
        ..falls_back(Fallback::Individual)
    };
    let mut pair = without_partner(delayed);
    pair.run(ms(4_800));
    assert_eq!(pair.usable(0), NOBODY);
    pair.run(ms(200));
    assert_eq!(pair.usable(0), [1]);
    // Once it is in force the next takes over without another delay.
    pair.cable(1, false);
    assert_eq!(pair.usable(0), [2]);
}

#[test]
fn a_partner_that_comes_within_the_delay_prevents_it() {
    let delayed = Config {
        fallback_delay: 5_000,
        ..falls_back(Fallback::Individual)
    };
    let mut pair = without_partner(delayed);
    pair.silent = vec![false; 3];
    // News, so that the partner speaks before its 29 s are over.
    let other = Config {
        ad_actor_sys_prio: 7,
        ..fast(3)
    };
    pair.configure(1, other);
    pair.run(ms(20_000));
    assert_eq!(pair.usable(0), [0, 1, 2]);
    let is_ours =
        |(side, event): &(usize, Event)| *side == 0 && matches!(event, Event::Fallback { .. });
    assert!(!pair.events.iter().any(is_ours));
}

#[test]
fn looped_members_carry_nothing_in_any_fallback() {
    for fallback in Fallback::ALL {
        let config = Config {
            fallback: *fallback,
            ..fast(2)
        };
        let mut pair = Pair::new(config, fast(2));
        pair.crossed = Some((0, 1));
        for _ in 0..200 {
            pair.run(ms(100));
            assert_eq!(pair.usable(0), NOBODY, "{fallback}");
        }
    }
}

#[test]
fn it_goes_on_after_a_restart_without_waiting_again() {
    let delayed = Config {
        fallback_delay: 5_000,
        ..falls_back(Fallback::ActiveBackup)
    };
    let mut pair = without_partner(delayed.clone());
    pair.run(ms(6_000));
    assert_eq!(pair.usable(0), [1]);
    let saved = pair.bonds[0].save();
    pair.bonds[0] = bond::Bond::new(delayed, pair.now);
    assert!(pair.bonds[0].restore(&saved, pair.now));
    pair.announce(0);
    assert_eq!(pair.usable(0), [1]);
}
