//! One member misbehaves; the others must not feel it.

use wire::Mac;
use wire::lacp::{Lacpdu, PortInfo, State};

use bond::{Bond, Config, Input};

use crate::pair::{NOBODY, Pair, Sent, fast, ms};

/// At most three in any second.
fn is_limited(sent: &[Sent]) -> bool {
    sent.windows(4)
        .all(|four| four[3].at.since(four[0].at) >= ms(1_000))
}

#[test]
fn a_member_that_flaps_at_any_pace_does_not_disturb_the_other() {
    for (up, down) in [
        (5, 5),
        (50, 50),
        (300, 700),
        (1_900, 100),
        (2_100, 100),
        (3_000, 20),
    ] {
        let mut pair = Pair::settled(fast(2), fast(2));
        for _ in 0..20 {
            pair.cable(0, false);
            pair.run(ms(down));
            assert_eq!([pair.usable(0), pair.usable(1)], [vec![1], vec![1]]);
            pair.cable(0, true);
            pair.run(ms(up));
            assert!(pair.usable(0).contains(&1) && pair.usable(1).contains(&1));
        }
        for side in 0..2 {
            assert!(is_limited(&pair.sent_by(side, 0)), "{up} {down}");
            let mut others = pair.sent_by(side, 1).into_iter();
            assert!(others.all(|sent| sent.state().contains(State::DISTRIBUTING)));
        }
        let of_other = |(_, event): &&(usize, bond::Event)| event.member() == Some(1);
        assert_eq!(pair.events.iter().filter(of_other).count(), 0);
        pair.run(ms(6_000));
        assert_eq!(pair.usable(0), [0, 1]);
    }
}

#[test]
fn a_member_whose_key_changes_all_the_time_does_not_keep_the_other_waiting() {
    for restless in [0, 1] {
        let mut pair = Pair::new(fast(2), fast(2));
        for i in 0..20 {
            let speed = Some(if i % 2 == 0 { 1_000 } else { 10_000 });
            pair.change(1, restless, |interface| interface.speed = speed);
            pair.run(ms(300));
        }
        assert_eq!(pair.usable(0), [if restless == 0 { 1 } else { 0 }]);
    }
}

#[test]
fn a_storm_of_other_partners_pdus_is_answered_three_times_a_second_and_hurts_its_member_only() {
    let mut pair = Pair::settled(fast(2), fast(2));
    let port = pair.port(1, 0);
    for key in (0..7).cycle().take(20_000) {
        let pdu = Lacpdu {
            version: 1,
            actor: PortInfo { key, ..port.actor },
            partner: port.partner,
            collector_max_delay: 0,
        };
        let bytes = &pdu.emit_frame(Mac([2, 0, 0, 0, 7, 7]));
        pair.input(0, Input::Frame { member: 0, bytes });
        if key == 0 {
            pair.run(ms(1));
        }
    }
    assert!(is_limited(&pair.sent_by(0, 0)));
    let of_other = |(_, event): &&(usize, bond::Event)| event.member() == Some(1);
    assert_eq!(pair.events.iter().filter(of_other).count(), 0);
    pair.run(ms(6_000));
    assert_eq!(pair.usable(0), [0, 1]);
}

#[test]
fn a_partner_that_comes_back_as_another_system_without_loss_of_carrier_is_joined_anew() {
    let mut pair = Pair::settled(fast(2), fast(2));
    let other = Config {
        ad_actor_system: Some(Mac([2, 9, 9, 9, 9, 9])),
        ..fast(2)
    };
    pair.bonds[1] = Bond::new(other, pair.now);
    pair.announce(1);
    pair.run(ms(10));
    assert_eq!(pair.usable(0), NOBODY);
    pair.run(ms(4_000));
    assert_eq!([pair.usable(0), pair.usable(1)], [vec![0, 1], vec![0, 1]]);
}
