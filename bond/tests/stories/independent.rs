//! Independent control (`coupled_control` off): receiving comes before sending.

use bond::lacp::mux::State;
use bond::{Config, Event, Input, Why};
use wire::Mac;
use wire::lacp::{Lacpdu, State as Bits};

use crate::pair::{NOBODY, Pair, config, fast, ms};

fn independent(members: usize) -> Config {
    Config {
        coupled_control: false,
        ..fast(members)
    }
}

/// Runs until both sides use all members, and gives a look at each moment on the way.
fn negotiate(first: Config, second: Config, mut look: impl FnMut(&Pair)) -> Pair {
    let mut pair = Pair::new(first, second);
    let end = pair.now + ms(5_000);
    while pair.step(end) {
        look(&pair);
    }
    pair.now = end;
    pair
}

fn is_within(inner: &[u8], outer: &[u8]) -> bool {
    inner.iter().all(|member| outer.contains(member))
}

#[test]
fn a_member_sends_only_into_a_partner_that_receives_and_receives_before_it_sends() {
    let mut was_half_open = false;
    let pair = negotiate(independent(2), independent(2), |pair| {
        for side in 0..2 {
            let (sends, receives) = (pair.usable(side), pair.receives(side));
            assert!(is_within(&sends, &receives));
            assert!(is_within(&sends, &pair.receives(1 - side)));
            was_half_open |= sends.len() < receives.len();
        }
    });
    assert!(was_half_open, "receiving came first");
    assert_eq!([pair.usable(0), pair.usable(1)], [vec![0, 1], vec![0, 1]]);
    assert_eq!(pair.mux(0, 0), State::Distributing);
    assert_eq!(pair.port(0, 0).actor.state, Bits(0x3f));
}

#[test]
fn coupled_control_sends_as_soon_as_it_receives() {
    let pair = negotiate(fast(2), fast(2), |pair| {
        for side in 0..2 {
            assert_eq!(pair.usable(side), pair.receives(side));
        }
    });
    assert_eq!(pair.mux(0, 0), State::CollectingDistributing);
}

#[test]
fn independent_control_works_with_a_coupled_partner_at_either_rate() {
    for partner in [fast(2), config(2)] {
        let pair = negotiate(independent(2), partner, |_| {});
        assert_eq!([pair.usable(0), pair.usable(1)], [vec![0, 1], vec![0, 1]]);
    }
}

/// The partner's last PDU on the first member, with other state bits.
fn partner_says(pair: &mut Pair, change: impl Fn(Bits) -> Bits) {
    let port = pair.port(1, 0);
    let mut actor = port.actor;
    actor.state = change(actor.state);
    let pdu = Lacpdu {
        version: 1,
        actor,
        partner: port.partner,
        collector_max_delay: 0,
    };
    let bytes = &pdu.emit_frame(Mac([2, 0, 0, 0, 1, 0]));
    pair.input(0, Input::Frame { member: 0, bytes });
}

#[test]
fn a_partner_that_stops_receiving_is_not_sent_into_but_heard() {
    let mut pair = Pair::settled(independent(2), fast(2));
    partner_says(&mut pair, |state| state.without(Bits::COLLECTING));
    assert_eq!((pair.usable(0), pair.receives(0)), (vec![1], vec![0, 1]));
    assert_eq!(pair.why(0, 0), Some(Why::PartnerNotCollecting));
    assert_eq!(pair.mux(0, 0), State::Collecting);
    partner_says(&mut pair, |state| state);
    assert_eq!(pair.usable(0), [0, 1]);
    partner_says(&mut pair, |state| state.without(Bits::SYNCHRONIZATION));
    assert_eq!((pair.usable(0), pair.receives(0)), (vec![1], vec![1]));
}

#[test]
fn coupled_control_looks_at_the_partners_sync_alone() {
    let mut pair = Pair::settled(fast(2), fast(2));
    partner_says(&mut pair, |state| state.without(Bits::COLLECTING));
    assert_eq!(pair.usable(0), [0, 1]);
}

#[test]
fn a_silent_partner_is_left_step_by_step_and_found_again() {
    let mut pair = Pair::settled(independent(1), independent(1));
    pair.silent[0] = true;
    pair.run(ms(3_100));
    assert_eq!((pair.usable(0), pair.receives(0)), (vec![], vec![]));
    let muxes = pair.events.iter().filter_map(|(side, event)| match event {
        Event::Mux { state, .. } if *side == 0 => Some(*state),
        _ => None,
    });
    assert_eq!(muxes.collect::<Vec<_>>(), [State::Attached]);
    pair.silent[0] = false;
    pair.run(ms(2_000));
    assert_eq!(pair.usable(0), [0]);
}

#[test]
fn the_variant_changes_while_the_bond_runs_and_no_frame_is_lost() {
    let mut pair = Pair::settled(fast(2), fast(2));
    for (config, state) in [
        (independent(2), State::Distributing),
        (fast(2), State::CollectingDistributing),
    ] {
        pair.configure(0, config);
        assert_eq!(pair.mux(0, 0), state);
        assert_eq!((pair.usable(0), pair.receives(0)), (vec![0, 1], vec![0, 1]));
    }
    pair.run(ms(5_000));
    let open = Bits::COLLECTING.with(Bits::DISTRIBUTING);
    assert!(pair.sent.iter().all(|sent| sent.state().contains(open)));
    assert!(pair.events.iter().all(|(side, _)| *side == 0));
    assert_ne!(pair.usable(1), NOBODY);
}
