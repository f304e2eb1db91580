//! Two bonds become partners.

use bond::lacp::{mux, receive};
use bond::{Config, Event, Fallback, Input, LacpRate, Why};
use wire::lacp::State;
use wire::marker::{Kind, Marker};
use wire::{Duration, Mac};

use crate::pair::{NOBODY, Pair, config, fast, interface, ms};

#[test]
fn two_bonds_aggregate_all_members_after_the_aggregate_wait_time() {
    let mut pair = Pair::new(fast(2), fast(2));
    pair.run(ms(1_990));
    assert_eq!(pair.usable(0), NOBODY);
    assert_eq!(pair.why(0, 0), Some(Why::WaitWhile));
    pair.run(ms(30));
    assert_eq!([pair.usable(0), pair.usable(1)], [vec![0, 1], vec![0, 1]]);
    assert_eq!(pair.why(0, 0), None);
    assert_eq!(pair.port(0, 0).actor.state, State(0x3f));
}

#[test]
fn the_host_hears_of_each_machine_and_of_the_partner_once() {
    let mut pair = Pair::new(fast(1), fast(1));
    pair.run(ms(5_000));
    let (member, system) = (0, interface(1, 0).mac);
    let heard: Vec<_> = pair
        .events
        .iter()
        .filter(|(side, _)| *side == 0)
        .map(|(_, event)| *event)
        .collect();
    let expected = [
        Event::Carrier {
            member,
            carrier: true,
        },
        Event::Receive {
            member,
            state: receive::State::Expired,
        },
        Event::Receive {
            member,
            state: receive::State::Current,
        },
        Event::Partner {
            member,
            system,
            key: 15,
        },
        Event::Mux {
            member,
            state: mux::State::Waiting,
        },
        Event::Aggregator { number: Some(1) },
        Event::Mux {
            member,
            state: mux::State::Attached,
        },
        Event::Mux {
            member,
            state: mux::State::CollectingDistributing,
        },
        Event::Usable {
            member,
            usable: true,
        },
        Event::BondCarrier { carrier: true },
    ];
    assert_eq!(heard, expected);
}

#[test]
fn the_first_pdu_knows_no_partner_and_the_settled_state_is_linuxs() {
    let mut pair = Pair::new(fast(1), config(1));
    assert_eq!(pair.sent_by(0, 0)[0].state(), State(0xc7));
    assert_eq!(pair.sent_by(0, 0)[0].pdu().actor.key, 0x000f);
    assert_eq!(pair.sent_by(0, 0)[0].pdu().partner.system, Mac::ZERO);
    pair.run(ms(5_000));
    assert_eq!(
        pair.sent_by(0, 0).last().expect("sent").state(),
        State(0x3f)
    );
    assert_eq!(
        pair.sent_by(1, 0).last().expect("sent").state(),
        State(0x3d)
    );
}

#[test]
fn each_side_sends_as_often_as_the_other_asks() {
    let mut pair = Pair::settled(fast(1), config(1));
    pair.run(Duration::from_secs(290));
    let slow = pair.sent_by(0, 0).len();
    let quick: Vec<_> = pair.sent_by(1, 0).iter().map(|sent| sent.at).collect();
    assert!(
        (9..=11).contains(&slow),
        "{slow} PDUs to a partner that asks for one in 30 s"
    );
    let gaps = quick.windows(2).map(|pair| pair[1].since(pair[0]));
    assert!(
        gaps.into_iter().all(|gap| gap == ms(900)),
        "every 900 ms, steadily"
    );
    assert_eq!(pair.port(0, 0).counters.expired, 0);
}

#[test]
fn two_passive_sides_stay_silent_and_one_active_side_is_enough() {
    let passive = || Config {
        lacp_active: false,
        fallback: Fallback::None,
        ..fast(1)
    };
    let mut pair = Pair::new(passive(), passive());
    pair.run(ms(60_000));
    assert!(pair.sent.is_empty());
    assert_eq!(pair.usable(0), NOBODY);
    let mut pair = Pair::new(passive(), fast(1));
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0]);
}

#[test]
fn no_more_than_three_pdus_leave_in_a_second_however_much_is_news() {
    let mut pair = Pair::settled(fast(1), fast(1));
    for i in 0..100u16 {
        let changed = Config {
            ad_actor_sys_prio: 1_000 + i,
            ..fast(1)
        };
        pair.bonds[0].set_config(pair.now, changed);
        pair.drain(0);
        pair.run(ms(10));
    }
    let sent = pair.sent_by(0, 0);
    for window in sent.windows(4) {
        assert!(window[3].at.since(window[0].at) >= ms(1_000));
    }
    assert!(sent.len() >= 3, "the news does leave");
    assert_eq!(
        sent.last().expect("sent").pdu().actor.system_priority,
        1_099
    );
}

#[test]
fn a_changed_rate_reaches_the_partner_without_interrupting_anything() {
    let mut pair = Pair::settled(config(2), config(2));
    pair.bonds[0].set_config(pair.now, fast(2));
    pair.drain(0);
    pair.run(ms(2_000));
    assert!(
        pair.sent
            .iter()
            .all(|sent| sent.state().contains(State::DISTRIBUTING))
    );
    assert_eq!(
        pair.bonds[0].lacp_status().expect("802.3ad").rate,
        LacpRate::Fast
    );
    assert!(
        pair.sent_by(1, 0).len() >= 2,
        "the partner sends every second now"
    );
}

#[test]
fn a_slower_rate_is_waited_for_as_long_as_it_needs() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.bonds[1].set_config(pair.now, config(2));
    pair.drain(1);
    pair.run(ms(60_000));
    let expired = [0, 1].map(|member| pair.port(1, member).counters.expired);
    assert_eq!(expired, [0, 0]);
    assert!(pair.events.is_empty(), "{:?}", pair.events);
    pair.silent = vec![true; 2];
    pair.run(ms(90_000));
    assert!(pair.usable(1).is_empty());
}

#[test]
fn a_marker_is_answered_by_its_port_and_not_more_than_three_times_a_second() {
    let mut pair = Pair::settled(fast(1), fast(1));
    let system = Mac([2, 0, 0, 0, 1, 0]);
    let marker = Marker {
        kind: Kind::Information,
        port: 1,
        system,
        transaction: 0x1122_3344,
    };
    let frame = marker.emit_frame(system);
    for _ in 0..5 {
        pair.input(
            0,
            Input::Frame {
                member: 0,
                bytes: &frame,
            },
        );
    }
    let answers: Vec<_> = pair.sent_by(0, 0);
    assert_eq!(answers.len(), 3);
    assert_eq!(
        Marker::parse(&answers[0].frame[14..]),
        Ok(marker.response())
    );
    let counters = pair.port(0, 0).counters;
    assert_eq!(
        (counters.marker_response_pdus_tx, counters.markers_ignored),
        (3, 2)
    );
}

#[test]
fn our_own_markers_and_responses_are_not_answered() {
    let mut pair = Pair::settled(fast(1), fast(1));
    let own = interface(0, 0).mac;
    let marker = Marker {
        kind: Kind::Information,
        port: 1,
        system: own,
        transaction: 1,
    };
    let response = Marker {
        system: interface(1, 0).mac,
        ..marker
    }
    .response();
    for marker in [marker, response] {
        pair.input(
            0,
            Input::Frame {
                member: 0,
                bytes: &marker.emit_frame(own),
            },
        );
    }
    assert!(pair.sent_by(0, 0).is_empty());
}

#[test]
fn without_any_partner_one_member_carries_the_traffic_unless_strict() {
    let mut pair = Pair::new(fast(2), fast(2));
    pair.silent = vec![true, true];
    pair.run(ms(2_900));
    assert_eq!(pair.usable(0), NOBODY);
    assert_eq!(pair.port(0, 0).receive, receive::State::Expired);
    pair.run(ms(200));
    assert_eq!(pair.port(0, 0).receive, receive::State::Defaulted);
    assert_eq!(pair.usable(0), [0]);
    assert_eq!(pair.why(0, 1), Some(Why::NoPdu));
    pair.silent = vec![false, false];
    pair.run(ms(40_000));
    assert_eq!(pair.usable(0), [0, 1]);

    let strict = || Config {
        fallback: Fallback::None,
        ..fast(2)
    };
    let mut pair = Pair::new(strict(), strict());
    pair.silent = vec![true, true];
    pair.run(ms(60_000));
    assert_eq!(pair.usable(0), NOBODY);
    assert_eq!(pair.mux(0, 0), mux::State::Detached);
}

#[test]
fn a_changed_user_key_is_on_the_wire_at_once_and_has_each_port_selected_anew() {
    let keyed = |key| Config {
        ad_user_port_key: key,
        ..fast(2)
    };
    let mut pair = Pair::settled(keyed(5), fast(2));
    let is_in_sync = |sent: &crate::pair::Sent| sent.state().contains(State::SYNCHRONIZATION);
    // 10 Gb/s is 7, full duplex 1.
    let key = |user: u16| user << 6 | 7 << 1 | 1;
    assert_eq!(pair.port(1, 0).partner.key, key(5));
    for (user, is_changed) in [(5, false), (1_023, true), (0, true)] {
        pair.sent.clear();
        pair.configure(0, keyed(user));
        let told = pair.sent_by(0, 1);
        assert_eq!(
            told.first().map(|sent| sent.pdu().actor.key),
            is_changed.then(|| key(user))
        );
        assert!(!told.iter().any(is_in_sync), "not selected yet");
        pair.run(ms(2));
        assert_eq!(pair.usable(1).is_empty(), is_changed, "{user}");
        pair.run(ms(6_000));
        for side in 0..2 {
            assert_eq!(pair.usable(side), [0, 1]);
        }
        let seen = [0, 1].map(|member| pair.port(1, member).partner.key);
        assert_eq!(seen, [key(user); 2]);
    }
}

#[test]
fn a_configured_system_is_on_the_wire_and_without_it_the_bonds_mac() {
    let own = Mac([2, 0, 0, 0, 0, 0]);
    for system in [None, Some(Mac([2, 9, 9, 9, 9, 9]))] {
        let config = Config {
            ad_actor_system: system,
            ad_actor_sys_prio: 7,
            ..fast(2)
        };
        let pair = Pair::settled(config, fast(2));
        let partner = pair.port(1, 0).partner;
        let wanted = system.unwrap_or(own);
        assert_eq!((partner.system, partner.system_priority), (wanted, 7));
        assert_eq!(pair.bonds[0].status().mac, own);
        assert_eq!(pair.usable(1), [0, 1]);
    }
}
