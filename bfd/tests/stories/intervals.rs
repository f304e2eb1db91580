//! Intervals that change while the session is Up: the Poll Sequence.

use bfd::{Config, State};
use wire::bfd::ControlPacket;

use crate::world::{LATENCY, World, cut, ms, through};

fn both() -> [Config; 2] {
    [Config::default(); 2]
}

fn sending(millis: u64) -> Config {
    Config {
        min_tx: ms(millis),
        ..Config::default()
    }
}

fn receiving(millis: u64) -> Config {
    Config {
        min_rx: ms(millis),
        ..Config::default()
    }
}

#[test]
fn slower_sending_begins_when_the_peer_has_confirmed_it() {
    let mut world = World::up(both());
    // The peer hears the Poll and its answer is lost.
    world.ways[1] = Box::new(|p: &ControlPacket| if p.is_final { vec![] } else { vec![LATENCY] });
    world.with(0, |session, now| session.set_config(now, sending(400)));
    world.run(ms(2_000));
    assert!(world.ends[0].status().is_polling);
    assert_eq!(world.ends[0].status().transmit_interval, Some(ms(50)));
    assert!(world.gaps(0).iter().all(|gap| *gap <= ms(50)));
    assert_eq!(world.ends[1].status().detection_time, Some(ms(1_200)));
    world.ways[1] = through();
    world.run(ms(100));
    assert!(!world.ends[0].status().is_polling);
    assert_eq!(world.ends[0].status().transmit_interval, Some(ms(400)));
    world.run(ms(30_000));
    assert_eq!(world.events, []);
}

#[test]
fn faster_sending_begins_at_once_with_a_poll_that_is_answered() {
    let mut world = World::up([sending(400), Config::default()]);
    world.with(0, |session, now| session.set_config(now, sending(50)));
    assert!(world.ends[0].status().is_polling);
    assert_eq!(world.ends[0].status().transmit_interval, Some(ms(50)));
    world.run(ms(5));
    assert!(!world.ends[0].status().is_polling);
    let polls = world.sent.iter().filter(|(_, who, p)| *who == 0 && p.poll);
    let finals = world
        .sent
        .iter()
        .filter(|(_, who, p)| *who == 1 && p.is_final);
    assert_eq!((polls.count(), finals.count()), (1, 1));
    assert!(world.sent.iter().all(|(_, _, p)| !(p.poll && p.is_final)));
}

#[test]
fn faster_receiving_shortens_the_detection_time_when_the_peer_has_confirmed_it() {
    let mut world = World::up([receiving(400), sending(50)]);
    assert_eq!(world.ends[0].status().detection_time, Some(ms(1_200)));
    world.ways[1] = Box::new(
        |p: &ControlPacket| {
            if p.is_final { vec![] } else { vec![LATENCY] }
        },
    );
    world.with(0, |session, now| session.set_config(now, receiving(50)));
    world.run(ms(300));
    assert_eq!(world.ends[1].status().transmit_interval, Some(ms(50)));
    assert_eq!(world.ends[0].status().detection_time, Some(ms(1_200)));
    world.ways[1] = through();
    world.run(ms(1_000));
    assert_eq!(world.ends[0].status().detection_time, Some(ms(150)));
    assert_eq!(world.events, []);
}

#[test]
fn slower_receiving_counts_at_once() {
    let mut world = World::up(both());
    world.with(0, |session, now| session.set_config(now, receiving(400)));
    assert_eq!(world.ends[0].status().detection_time, Some(ms(1_200)));
    world.run(ms(5));
    assert_eq!(world.ends[1].status().transmit_interval, Some(ms(400)));
    world.run(ms(30_000));
    assert_eq!(world.events, []);
}

#[test]
fn a_second_change_waits_until_the_first_is_answered_and_then_is_asked_for_itself() {
    let mut world = World::up(both());
    world.with(0, |session, now| session.set_config(now, sending(100)));
    world.with(0, |session, now| session.set_config(now, sending(200)));
    let said = |world: &World| world.ends[0].status().min_tx;
    assert_eq!(said(&world), ms(100));
    world.run(ms(400));
    assert_eq!(said(&world), ms(200));
    assert_eq!(world.ends[0].status().transmit_interval, Some(ms(200)));
    let polls = world.sent.iter().filter(|(_, who, p)| *who == 0 && p.poll);
    assert_eq!(polls.count(), 2);
    assert_eq!(world.events, []);
}

#[test]
fn another_multiplier_is_said_at_once_and_needs_no_poll() {
    let mut world = World::up(both());
    let more = Config {
        multiplier: 10,
        ..Config::default()
    };
    world.with(0, |session, now| session.set_config(now, more));
    assert!(!world.ends[0].status().is_polling);
    world.run(ms(2));
    assert_eq!(world.ends[1].status().detection_time, Some(ms(500)));
}

#[test]
fn a_session_that_falls_says_one_second_again() {
    let mut world = World::up(both());
    world.ways = [cut(), cut()];
    world.run(ms(200));
    assert_eq!(world.states(), [State::Down, State::Down]);
    assert_eq!(world.ends[0].status().min_tx, ms(1_000));
    assert_eq!(world.ends[0].status().transmit_interval, Some(ms(1_000)));
}
