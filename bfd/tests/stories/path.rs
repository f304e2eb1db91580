//! The path: it works, falls silent, loses one way, doubles and reorders.

use bfd::{Config, DownReason, Event, State};
use wire::Duration;

use crate::world::{LATENCY, World, cut, ms, through};

const BOTH: [Config; 2] = [Config {
    min_tx: ms(50),
    min_rx: ms(50),
    multiplier: 3,
}; 2];

#[test]
fn two_sessions_come_up_within_three_packets_and_agree_on_their_intervals() {
    let mut world = World::new(BOTH, 1);
    world.run(ms(10));
    assert_eq!(world.states(), [State::Up, State::Up]);
    assert_eq!(
        (world.of(0), world.of(1)),
        (vec![Event::Up], vec![Event::Up])
    );
    world.run(ms(1_000));
    for end in &world.ends {
        let status = end.status();
        assert_eq!(status.transmit_interval, Some(ms(50)));
        assert_eq!(status.detection_time, Some(ms(150)));
        assert!(!status.is_polling);
    }
}

#[test]
fn a_session_without_a_peer_stays_down() {
    let mut world = World::apart(BOTH);
    world.run(ms(60_000));
    assert_eq!(world.states(), [State::Down, State::Down]);
    assert_eq!(world.events, []);
}

#[test]
fn silence_is_seen_within_multiplier_times_interval_and_not_before() {
    for first in (1..60).step_by(2) {
        let mut world = World::up_with(BOTH, first);
        world.run(ms(60 + u64::from(first)));
        let cut_at = world.now;
        let heard = |world: &World, end: usize| {
            let others = world.sent.iter().rev().find(|(_, who, _)| *who != end);
            others.expect("a packet").0 + LATENCY
        };
        let last = [heard(&world, 0), heard(&world, 1)];
        world.ways = [cut(), cut()];
        world.run(ms(1_000));
        for end in [0, 1] {
            assert_eq!(world.of(end), [Event::Down(DownReason::Silent)]);
            let at = world.events.iter().find(|(_, who, _)| *who == end);
            let at = at.expect("an event").0;
            assert_eq!(at.since(last[end]), ms(150));
            assert!(at.since(cut_at) <= ms(150) + LATENCY);
            assert_eq!(world.ends[end].status().diagnostic.number(), 1);
            assert_eq!(world.ends[end].remote_state(), None);
        }
    }
}

#[test]
fn two_packets_lost_in_a_row_are_no_silence() {
    let mut world = World::up(BOTH);
    let mut n = 0;
    world.ways[0] = Box::new(move |_| {
        n += 1;
        if n % 3 == 0 {
            vec![LATENCY]
        } else {
            Vec::new()
        }
    });
    world.run(ms(60_000));
    assert_eq!(world.events, []);
}

#[test]
fn one_way_lost_takes_both_down_and_each_says_why() {
    let mut world = World::up(BOTH);
    world.ways[0] = cut();
    world.run(ms(200));
    assert_eq!(world.of(1), [Event::Down(DownReason::Silent)]);
    assert_eq!(world.of(0), [Event::Down(DownReason::Peer)]);
    world.run(ms(10_000));
    assert_eq!(world.states(), [State::Init, State::Down]);
    world.ways[0] = through();
    world.run(ms(1_100));
    assert_eq!(world.states(), [State::Up, State::Up]);
}

#[test]
fn copies_and_packets_out_of_order_change_nothing() {
    let mut world = World::up(BOTH);
    let received = world.ends[1].status().counters.received;
    for way in &mut world.ways {
        let mut n = 0;
        *way = Box::new(move |_| {
            n += 1;
            let slow = if n % 2 == 0 { 80 } else { 1 };
            vec![ms(slow), ms(slow), ms(slow + 3)]
        });
    }
    world.run(ms(30_000));
    assert_eq!(world.events, []);
    let sent = world.sent.iter().filter(|(_, who, _)| *who == 0).count();
    let arrived = world.ends[1].status().counters.received - received;
    assert!(
        arrived > 2 * u64::try_from(sent).expect("few"),
        "{arrived} of {sent}"
    );
}

#[test]
fn who_looks_too_late_listens_before_it_believes_in_silence() {
    let mut world = World::up(BOTH);
    let (late, until) = (world.now + ms(400), world.now + ms(420));
    world.with(0, |session, _| session.handle_timeout(late));
    assert_eq!(world.ends[0].state(), State::Up);
    world.with(0, |session, _| session.handle_timeout(until));
    assert_eq!(world.of(0), [Event::Down(DownReason::Silent)]);
}

#[test]
fn who_looks_too_late_and_then_hears_the_peer_stays_up() {
    let mut world = World::up(BOTH);
    let late = world.now + ms(400);
    world.with(0, |session, _| session.handle_timeout(late));
    world.now = late;
    world.run(Duration::ZERO);
    world.run(ms(1_000));
    assert_eq!(world.of(0), []);
}
