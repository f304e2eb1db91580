//! Members fail and return.

use bond::lacp::{mux, receive};
use bond::{Config, Event, Forwarder, Input, Mapping, Why};
use wire::lacp::State;

use crate::pair::{NOBODY, Pair, fast, ms};

#[test]
fn a_pulled_cable_takes_its_member_out_at_once_and_leaves_the_other() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.cable(0, false);
    assert_eq!([pair.usable(0), pair.usable(1)], [vec![1], vec![1]]);
    assert_eq!(pair.why(0, 0), Some(Why::NoCarrier));
    assert_eq!(pair.why(0, 1), None);
    pair.run(ms(10_000));
    assert!(
        pair.sent_by(0, 0).is_empty(),
        "nothing is sent without a link"
    );
    assert!(
        pair.sent_by(0, 1)
            .iter()
            .all(|sent| sent.state().contains(State::DISTRIBUTING))
    );
    pair.cable(0, true);
    pair.run(ms(1_900));
    assert_eq!(pair.usable(0), [1]);
    pair.run(ms(200));
    assert_eq!(pair.usable(0), [0, 1]);
}

#[test]
fn silence_expires_after_three_seconds_and_defaults_three_seconds_later() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.run(ms(900));
    let last = pair.sent_by(1, 0).last().expect("a PDU a second").at;
    pair.silent[0] = true;
    let passed = pair.now.since(last);
    pair.run(ms(2_990 - passed.as_millis()));
    assert_eq!(pair.usable(0), [0, 1], "three seconds are not over");
    pair.run(ms(20));
    assert_eq!(pair.usable(0), [1]);
    assert_eq!(pair.port(0, 0).actor.state, State(0x8f));
    assert_eq!(pair.why(0, 0), Some(Why::PartnerSilent));
    pair.run(ms(2_980));
    assert_eq!(pair.port(0, 0).receive, receive::State::Expired);
    pair.run(ms(20));
    assert_eq!(pair.port(0, 0).receive, receive::State::Defaulted);
    assert_eq!(pair.port(0, 0).actor.state, State(0x47));
    assert_eq!(pair.why(0, 0), Some(Why::NoPdu));
    assert_eq!(pair.usable(0), [1], "the other member never left");
}

#[test]
fn a_pdu_in_time_saves_an_expired_port() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.silent[0] = true;
    pair.run(ms(3_500));
    assert_eq!(pair.port(0, 0).receive, receive::State::Expired);
    pair.silent[0] = false;
    pair.run(ms(1_500));
    assert_eq!(pair.port(0, 0).receive, receive::State::Current);
    assert_eq!(
        pair.usable(0),
        [0, 1],
        "still attached, so nothing is waited for"
    );
}

#[test]
fn two_lost_pdus_in_a_row_are_not_noticed() {
    let mut pair = Pair::settled(fast(1), fast(1));
    for _ in 0..20 {
        pair.silent[0] = true;
        pair.run(ms(1_700));
        pair.silent[0] = false;
        pair.run(ms(1_000));
    }
    assert_eq!(pair.port(0, 0).counters.expired, 0);
    assert!(pair.events.is_empty(), "{:?}", pair.events);
}

#[test]
fn a_lost_member_moves_only_its_buckets_and_takes_back_its_share() {
    let mut pair = Pair::settled(fast(4), fast(4));
    let before = pair.bonds[0].egress().clone();
    pair.cable(2, false);
    let during = pair.bonds[0].egress().clone();
    for (old, new) in before.buckets.iter().zip(during.buckets) {
        assert_eq!(*old == 2, *old != new);
    }
    assert!(during.generation > before.generation);
    pair.cable(2, true);
    pair.run(ms(3_000));
    let after = pair.bonds[0].egress();
    let moved = during
        .buckets
        .iter()
        .zip(after.buckets)
        .filter(|(old, new)| *old != new);
    assert_eq!(moved.count(), 64);
    assert_eq!(
        pair.bonds[0]
            .status()
            .members
            .iter()
            .map(|m| m.buckets)
            .sum::<usize>(),
        256
    );
}

#[test]
fn modulo_counts_the_usable_members_in_order() {
    let modulo = Config {
        mapping: Mapping::Modulo,
        ..fast(3)
    };
    let mut pair = Pair::settled(modulo, fast(3));
    pair.cable(1, false);
    let table = pair.bonds[0].egress();
    assert_eq!(
        [0, 1, 2, 3].map(|hash| table.choose(hash, 0)),
        [0, 2, 0, 2].map(Some)
    );
}

#[test]
fn below_min_links_the_bond_has_no_carrier_but_lacp_goes_on() {
    let mut pair = Pair::settled(
        Config {
            min_links: 2,
            ..fast(3)
        },
        fast(3),
    );
    pair.cable(0, false);
    assert_eq!(pair.usable(0), [1, 2]);
    pair.cable(1, false);
    assert_eq!(pair.usable(0), NOBODY);
    assert!(
        pair.events
            .contains(&(0, Event::BondCarrier { carrier: false }))
    );
    assert_eq!(pair.why(0, 2), Some(Why::MinLinks));
    assert_eq!(pair.mux(0, 2), mux::State::CollectingDistributing);
    pair.cable(1, true);
    pair.run(ms(3_000));
    assert_eq!(pair.usable(0), [1, 2]);
}

#[test]
fn a_stale_forwarder_shares_its_fate_with_lacp_at_once() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.run(ms(1_000));
    pair.sent.clear();
    pair.input(0, Input::Forwarder(Forwarder::Stale));
    let told = pair.sent_by(0, 0);
    assert_eq!(
        told[0].state(),
        State(0x07),
        "at once, without SYNC, COL and DIS"
    );
    pair.run(ms(10));
    assert_eq!(pair.usable(1), NOBODY, "the partner moved its traffic");
    assert_eq!(pair.why(0, 0), Some(Why::ForwarderStale));
    pair.run(ms(5_000));
    assert_eq!(pair.port(0, 0).receive, receive::State::Current);
    pair.input(0, Input::Forwarder(Forwarder::Alive));
    pair.run(ms(10));
    assert_eq!(
        [pair.usable(0), pair.usable(1)],
        [vec![0, 1], vec![0, 1]],
        "at once"
    );
}

#[test]
fn a_forwarder_that_stays_alive_changes_nothing() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.input(0, Input::Forwarder(Forwarder::Alive));
    assert!(pair.sent.is_empty());
    assert!(pair.events.is_empty());
}

#[test]
fn updelay_holds_a_returning_member_back_and_downdelay_a_leaving_one() {
    let delayed = Config {
        miimon: 100,
        updelay: 5_000,
        downdelay: 200,
        ..fast(2)
    };
    let mut pair = Pair::new(delayed, fast(2));
    // The first is hastened, since nothing else is usable; the second waits.
    pair.run(ms(4_000));
    assert_eq!(pair.usable(0), [0]);
    assert_eq!(pair.why(0, 1), Some(Why::LinkDelay));
    pair.run(ms(4_000));
    assert_eq!(pair.usable(0), [0, 1]);
    pair.change(0, 0, |interface| interface.carrier = false);
    pair.run(ms(190));
    assert_eq!(pair.usable(0), [0, 1]);
    pair.run(ms(20));
    assert_eq!(pair.usable(0), [1]);
}

#[test]
fn a_glitch_shorter_than_downdelay_is_not_noticed() {
    let delayed = Config {
        miimon: 100,
        downdelay: 200,
        ..fast(2)
    };
    let mut pair = Pair::settled(delayed, fast(2));
    pair.change(0, 0, |interface| interface.carrier = false);
    pair.run(ms(100));
    pair.change(0, 0, |interface| interface.carrier = true);
    pair.run(ms(1_000));
    assert_eq!(pair.usable(0), [0, 1]);
    assert_eq!(pair.bonds[0].status().members[0].failures, 0);
}

#[test]
fn an_interface_that_is_gone_is_down_and_a_new_one_of_its_name_starts_afresh() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.change(0, 0, |interface| {
        (interface.ifindex, interface.carrier) = (0, false);
    });
    assert_eq!(pair.usable(0), [1]);
    assert_eq!(pair.why(0, 0), Some(Why::Missing));
    pair.change(0, 0, |interface| {
        (interface.ifindex, interface.carrier) = (99, true);
    });
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0, 1]);
    assert_eq!(pair.bonds[0].egress().members[0].ifindex, 99);
}
