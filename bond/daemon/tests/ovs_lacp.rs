//! LACP with Open vSwitch, over real packet sockets: each story needs root and is skipped without.
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod lab;

use std::time::{Duration, Instant};

use bond::lacp::{mux, receive};
use wire::lacp::State;

use lab::Lab;

const ALL: [&str; 2] = ["1", "2"];

/// Detection and negotiation take at most 3 s and 2 s; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn both_rates_are_negotiated_in_all_combinations() {
    if !lab::can_run() {
        return;
    }
    for (ours, theirs) in [
        ("fast", "fast"),
        ("fast", "slow"),
        ("slow", "fast"),
        ("slow", "slow"),
    ] {
        let mut lab = Lab::new(theirs);
        lab.start_bondd(ours);
        lab.wait_for_cables(&ALL, LIMIT);
        let shown = lab.appctl(&["lacp/show", "lag"]);
        assert!(shown.contains("status: active negotiated"), "{shown}");
        assert_eq!(shown.matches(": current attached").count(), 2, "{shown}");
        for port in lab.lacp().expect("bondd").ports {
            assert_eq!(port.receive, receive::State::Current);
            assert_eq!(port.mux, mux::State::CollectingDistributing);
            assert_eq!(port.actor.state.contains(State::TIMEOUT), ours == "fast");
            assert_eq!(
                port.partner.state.contains(State::TIMEOUT),
                theirs == "fast"
            );
        }
    }
}

#[test]
fn a_cable_without_carrier_leaves_at_once_and_comes_back_alone() {
    if !lab::can_run() {
        return;
    }
    let mut lab = Lab::new("fast");
    lab.start_bondd("fast");
    lab.wait_for_cables(&ALL, LIMIT);
    let cut = Instant::now();
    lab.set_carrier("1", false);
    lab::wait("e1 to leave", LIMIT, || {
        (lab.usable() == ["e2"]).then_some(())
    });
    let took = cut.elapsed();
    assert!(
        took < Duration::from_millis(500),
        "carrier loss took {took:?}"
    );
    println!("carrier loss was noticed after {took:?}");
    lab.wait_for_cables(&["2"], LIMIT);
    let port = &lab.lacp().expect("bondd").ports[1];
    assert_eq!(
        (port.counters.expired, port.mux),
        (0, mux::State::CollectingDistributing)
    );
    lab.set_carrier("1", true);
    lab.wait_for_cables(&ALL, LIMIT);
}

#[test]
fn a_silent_cable_leaves_within_three_and_a_half_seconds_at_the_fast_rate() {
    if !lab::can_run() {
        return;
    }
    let mut lab = Lab::new("fast");
    lab.start_bondd("fast");
    lab.wait_for_cables(&ALL, LIMIT);
    let cut = Instant::now();
    lab.silence("2");
    lab::wait("e2 to leave", LIMIT, || {
        (lab.usable() == ["e1"]).then_some(())
    });
    let took = cut.elapsed();
    assert!(
        took > Duration::from_millis(1_500),
        "silence is no carrier loss: {took:?}"
    );
    assert!(took < Duration::from_millis(3_500), "silence took {took:?}");
    assert!(lab.bond().members[1].carrier);
    lab.unsilence("2");
    lab.wait_for_cables(&ALL, LIMIT);
    println!("silence was noticed after {took:?}");
}

#[test]
fn a_killed_bondd_that_starts_again_is_not_noticed_by_the_switch() {
    if !lab::can_run() {
        return;
    }
    let mut lab = Lab::new("fast");
    lab.start_bondd("fast");
    lab.wait_for_cables(&ALL, LIMIT);
    let before = lab.switch_log().len();
    for _ in 0..3 {
        lab.kill_bondd();
        lab.start_bondd("fast");
        assert_eq!(lab.usable(), ["e1", "e2"], "usable from its first answer");
        // Longer than the switch's timeout, so that it would have noticed.
        let until = Instant::now() + Duration::from_millis(3_500);
        while Instant::now() < until {
            assert_eq!(lab.enabled(), ["s1", "s2"]);
            let shown = lab.appctl(&["lacp/show", "lag"]);
            assert_eq!(shown.matches(": current attached").count(), 2, "{shown}");
        }
    }
    let log = lab.switch_log();
    let since = log.get(before..).unwrap_or_default();
    let noticed = |line: &&str| line.contains("|bond|") || line.contains("|lacp|");
    let noticed: Vec<_> = since.lines().filter(noticed).collect();
    assert!(noticed.is_empty(), "{noticed:#?}");
    assert_eq!(lab.bondd_log().matches("bond0: resumed").count(), 3);
}

#[test]
fn a_stopped_bondd_says_goodbye_and_the_switch_moves_at_once() {
    if !lab::can_run() {
        return;
    }
    let mut lab = Lab::new("fast");
    lab.start_bondd("fast");
    lab.wait_for_cables(&ALL, LIMIT);
    let stopped = Instant::now();
    lab.stop_bondd();
    lab::wait("the switch to leave", LIMIT, || {
        lab.enabled().is_empty().then_some(())
    });
    let took = stopped.elapsed();
    assert!(
        took < Duration::from_millis(1_000),
        "silence takes three seconds, this took {took:?}"
    );
}

#[test]
fn a_stalled_forwarder_takes_the_bond_out_at_the_switch_until_it_goes_on() {
    if !lab::can_run() {
        return;
    }
    let mut lab = Lab::new("fast");
    lab.start_bondd("fast");
    let forwarder = lab.attach_forwarder();
    lab.wait_for_cables(&ALL, LIMIT);
    assert_eq!(forwarder.usable(), [0, 1]);
    lab.silence("1");
    lab::wait("e1 to leave the table", LIMIT, || {
        (forwarder.usable() == [1]).then_some(())
    });
    lab.unsilence("1");
    lab.wait_for_cables(&ALL, LIMIT);
    forwarder.set_beating(false);
    let stalled = Instant::now();
    lab::wait("the switch to leave", LIMIT, || {
        lab.enabled().is_empty().then_some(())
    });
    let took = stalled.elapsed();
    assert!(
        took > Duration::from_millis(900),
        "a second is allowed, this took {took:?}"
    );
    assert!(took < Duration::from_millis(2_000), "a stall took {took:?}");
    assert!(
        lab.bond()
            .members
            .iter()
            .all(|m| m.why == Some(bond::Why::ForwarderStale))
    );
    forwarder.set_beating(true);
    lab::wait("the switch to return", LIMIT, || {
        (lab.enabled() == ["s1", "s2"]).then_some(())
    });
}

#[test]
fn without_a_forwarder_nothing_is_stale_and_a_second_one_is_found_again() {
    if !lab::can_run() {
        return;
    }
    let mut lab = Lab::new("fast");
    lab.start_bondd("fast");
    lab.wait_for_cables(&ALL, LIMIT);
    drop(lab.attach_forwarder());
    let second = lab.attach_forwarder();
    lab::wait("the table", LIMIT, || {
        (second.usable() == [0, 1]).then_some(())
    });
    assert_eq!(lab.bond().forwarder, bond::Forwarder::Alive);
}

#[test]
fn a_member_that_disappears_is_down_and_comes_back_under_its_name() {
    if !lab::can_run() {
        return;
    }
    let mut lab = Lab::new("fast");
    lab.start_bondd("fast");
    lab.wait_for_cables(&ALL, LIMIT);
    lab.take_member("e1");
    lab.wait_for_cables(&["2"], LIMIT);
    assert_eq!(lab.bond().members[0].why, Some(bond::Why::Missing));
    lab.give_member("e1");
    lab.wait_for_cables(&ALL, LIMIT);
    // So quickly that only the kernel's message tells of it.
    lab.take_member("e1");
    lab.give_member("e1");
    lab.wait_for_cables(&["2"], LIMIT);
    lab.wait_for_cables(&ALL, LIMIT);
}

#[test]
fn a_member_that_is_missing_at_the_start_is_a_fault_and_nothing_starts() {
    if !lab::can_run() {
        return;
    }
    let lab = Lab::new("fast");
    lab.remove_cable("2");
    let (code, said) = lab.refused_bondd();
    assert_eq!(code, Some(2));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("e2"), "{said}");
}
