//! Links that must not carry traffic.

use bond::lacp::{receive, selection::Selected};
use bond::{Config, Duplex, Input, Why};
use wire::Mac;
use wire::lacp::State;

use crate::pair::{NOBODY, Pair, fast, interface, ms};

#[test]
fn a_partner_key_that_changes_on_one_member_takes_that_member_out_only() {
    let mut pair = Pair::settled(fast(2), fast(2));
    // At the partner one link comes up at another speed: another key.
    pair.change(1, 0, |interface| interface.speed = Some(1_000));
    pair.run(ms(2));
    assert_eq!(pair.usable(0), [1]);
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [1]);
    assert_eq!(pair.why(0, 0), Some(Why::PartnerKey));
    assert_eq!(pair.why(1, 0), Some(Why::ActorKey));
    assert_eq!(pair.port(0, 0).selected, Selected::Standby);
    assert!(!pair.port(0, 0).actor.state.contains(State::SYNCHRONIZATION));
    pair.change(1, 0, |interface| interface.speed = Some(10_000));
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0, 1]);
}

#[test]
fn a_second_partner_system_waits_in_its_own_aggregator_until_the_first_is_silent() {
    let mut pair = Pair::settled(fast(2), fast(1));
    assert_eq!(pair.usable(0), [0]);
    let other = Mac([2, 0, 0, 0, 9, 9]);
    let mut second = bond::Bond::new(fast(1), pair.now);
    let interface = bond::Interface {
        mac: other,
        ..interface(1, 0)
    };
    second.handle_input(
        pair.now,
        Input::Link {
            member: 0,
            interface,
        },
    );
    for _ in 0..100 {
        pair.run(ms(100));
        for sent in pair.sent_by(0, 1) {
            second.handle_input(
                pair.now,
                Input::Frame {
                    member: 0,
                    bytes: &sent.frame,
                },
            );
        }
        pair.sent.clear();
        second.handle_timeout(pair.now);
        while let Some(transmit) = second.poll_transmit() {
            pair.input(
                0,
                Input::Frame {
                    member: 1,
                    bytes: &transmit.frame,
                },
            );
        }
    }
    assert_eq!(pair.usable(0), [0], "stable: the aggregator in use stays");
    assert_eq!(pair.why(0, 1), Some(Why::PartnerSystem));
    pair.cable(0, false);
    pair.run(ms(10));
    assert_eq!(pair.port(0, 1).selected, Selected::Selected);
}

#[test]
fn a_member_whose_aggregator_has_to_wait_joins_when_the_others_are_like_it_again() {
    let mut pair = Pair::settled(fast(3), fast(3));
    // The first changes its speed, the second falls silent, the third is cut: each is on its own.
    pair.cable(2, false);
    pair.change(0, 0, |interface| interface.speed = Some(1_000));
    pair.silent[1] = true;
    pair.run(ms(2_950));
    pair.change(0, 0, |interface| interface.speed = Some(10_000));
    pair.silent[1] = false;
    pair.cable(2, true);
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0, 1, 2]);
}

#[test]
fn a_cable_between_two_members_of_one_bond_never_carries_traffic() {
    let mut pair = Pair::new(fast(2), fast(2));
    pair.crossed = Some((0, 1));
    for _ in 0..200 {
        pair.run(ms(100));
        assert_eq!(pair.usable(0), NOBODY);
    }
    assert_eq!(pair.why(0, 0), Some(Why::Loopback));
    assert!(pair.port(0, 0).counters.loopback_rx > 0);
    assert_eq!(pair.port(0, 0).receive, receive::State::Defaulted);
}

#[test]
fn a_loop_does_not_keep_a_partner_alive_that_is_gone() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.crossed = Some((0, 1));
    pair.run(ms(3_100));
    assert_eq!(pair.usable(0), NOBODY);
    pair.crossed = None;
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0, 1], "the cables are right again");
}

#[test]
fn a_half_duplex_link_runs_no_lacp() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.change(0, 0, |interface| interface.duplex = Some(Duplex::Half));
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [1]);
    assert_eq!(pair.why(0, 0), Some(Why::HalfDuplex));
    pair.change(0, 0, |interface| interface.duplex = Some(Duplex::Full));
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0, 1]);
}

#[test]
fn a_link_of_unknown_speed_and_duplex_works() {
    let mut pair = Pair::new(fast(1), fast(1));
    pair.change(0, 0, |interface| {
        (interface.speed, interface.duplex) = (None, None)
    });
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0]);
}

#[test]
fn malformed_foreign_and_unknown_frames_are_counted_and_do_nothing() {
    let mut pair = Pair::settled(fast(1), fast(1));
    let good = wire::lacp::Lacpdu {
        version: 1,
        actor: pair.port(1, 0).actor,
        partner: pair.port(1, 0).partner,
        collector_max_delay: 0,
    }
    .emit_frame(interface(1, 0).mac);
    let change = |at: usize, value: u8| {
        let mut frame = good;
        frame[at] = value;
        frame
    };
    for frame in [change(16, 9), change(15, 0)] {
        pair.input(
            0,
            Input::Frame {
                member: 0,
                bytes: &frame,
            },
        );
    }
    pair.input(
        0,
        Input::Frame {
            member: 0,
            bytes: &good[..60],
        },
    );
    pair.input(
        0,
        Input::Frame {
            member: 0,
            bytes: &[],
        },
    );
    assert_eq!(pair.port(0, 0).counters.illegal_rx, 4);
    pair.input(
        0,
        Input::Frame {
            member: 0,
            bytes: &change(14, 10),
        },
    );
    pair.input(
        0,
        Input::Frame {
            member: 0,
            bytes: &change(5, 0x0e),
        },
    );
    assert_eq!(pair.port(0, 0).counters.unknown_rx, 2);
    pair.input(
        0,
        Input::Frame {
            member: 7,
            bytes: &good,
        },
    );
    assert_eq!(pair.usable(0), [0]);
    assert!(pair.sent.is_empty());
}

#[test]
fn a_partner_that_does_not_see_us_is_not_in_sync() {
    let mut pair = Pair::settled(fast(1), fast(1));
    let deaf = Config {
        ad_actor_sys_prio: 5,
        ..fast(1)
    };
    // The partner's view of us stays what it was, since nothing reaches it.
    let old = pair.port(1, 0);
    pair.bonds[0].set_config(pair.now, deaf);
    pair.drain(0);
    let pdu = wire::lacp::Lacpdu {
        version: 1,
        actor: old.actor,
        partner: old.partner,
        collector_max_delay: 0,
    };
    let frame = pdu.emit_frame(interface(1, 0).mac);
    pair.input(
        0,
        Input::Frame {
            member: 0,
            bytes: &frame,
        },
    );
    assert_eq!(pair.usable(0), NOBODY);
    assert_eq!(pair.why(0, 0), Some(Why::PartnerNotInSync));
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0]);
}
