//! Ends that do not come into sync.

use bond::lacp::churn::State;
use bond::{Config, End, Event, Fallback};

use crate::pair::{Pair, fast, ms};

fn churns(pair: &Pair) -> Vec<(End, bool)> {
    let of = |(side, event): &(usize, Event)| match event {
        Event::Churn { end, churns, .. } if *side == 0 => Some((*end, *churns)),
        _ => None,
    };
    pair.events.iter().filter_map(of).collect()
}

#[test]
fn ends_that_come_into_sync_in_time_do_not_churn() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.run(ms(200_000));
    let port = pair.port(0, 0);
    assert_eq!(
        (port.actor_churn, port.partner_churn),
        (State::NoChurn, State::NoChurn)
    );
    let counters = port.counters;
    assert_eq!(
        (counters.actor_churn_count, counters.partner_churn_count),
        (0, 0)
    );
    let transitions = counters.actor_sync_transition_count;
    assert_eq!(
        (transitions, counters.partner_sync_transition_count),
        (1, 1)
    );
    assert_eq!(churns(&pair), []);
}

#[test]
fn a_member_with_another_key_churns_after_a_minute_and_no_longer_when_its_key_is_right() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.change(1, 0, |interface| interface.speed = Some(1_000));
    pair.run(ms(59_000));
    let port = pair.port(0, 0);
    assert_eq!(
        (port.actor_churn, port.partner_churn),
        (State::ChurnMonitor, State::ChurnMonitor)
    );
    assert_eq!(churns(&pair), []);
    pair.run(ms(1_500));
    let port = pair.port(0, 0);
    assert_eq!(
        (port.actor_churn, port.partner_churn),
        (State::Churn, State::Churn)
    );
    assert_eq!(churns(&pair), [(End::Actor, true), (End::Partner, true)]);
    assert_eq!(pair.port(0, 1).actor_churn, State::NoChurn);
    pair.change(1, 0, |interface| interface.speed = Some(10_000));
    pair.run(ms(5_000));
    let port = pair.port(0, 0);
    assert_eq!(
        (port.actor_churn, port.partner_churn),
        (State::NoChurn, State::NoChurn)
    );
    assert_eq!(
        (
            port.counters.actor_churn_count,
            port.counters.partner_churn_count
        ),
        (1, 1)
    );
    assert_eq!(churns(&pair).len(), 4);
}

#[test]
fn a_partner_that_never_answers_churns_and_a_port_without_a_link_does_not() {
    let strict = || Config {
        fallback: Fallback::None,
        ..fast(2)
    };
    let mut pair = Pair::new(strict(), strict());
    pair.silent[0] = true;
    pair.cable(1, false);
    pair.run(ms(61_000));
    assert_eq!(pair.port(0, 0).partner_churn, State::Churn);
    assert_eq!(pair.port(0, 1).partner_churn, State::ChurnMonitor);
    pair.cable(0, false);
    assert_eq!(pair.port(0, 0).partner_churn, State::ChurnMonitor);
}
