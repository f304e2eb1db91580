//! One side starts anew, or goes on where it was.

use bfd::{Config, DownReason, Event, Saved, Session, State};

use crate::world::{World, ms, seed};

fn config() -> Config {
    Config::default()
}

#[test]
fn a_peer_that_starts_anew_under_another_discriminator_is_noticed_and_comes_up() {
    let mut world = World::up([config(); 2]);
    let old = world.ends[1].status().remote_discriminator;
    world.with(0, |session, now| {
        *session = Session::new(config(), seed(999), now)
    });
    world.run(ms(20));
    assert_eq!(world.of(1)[0], Event::Down(DownReason::Peer));
    world.run(ms(2_000));
    assert_eq!(world.states(), [State::Up, State::Up]);
    let status = world.ends[1].status();
    assert_ne!(status.remote_discriminator, old);
    assert_eq!(status.remote_discriminator, 999);
}

#[test]
fn a_session_that_is_resumed_within_the_detection_time_was_never_away() {
    let mut world = World::up([config(); 2]);
    let json = serde_json::to_string(&world.ends[0].save()).expect("saved");
    let saved: Saved = serde_json::from_str(&json).expect("read");
    for wait in [20, 60, 90] {
        let later = world.now + ms(wait);
        // While it is away its packets are missed, and those of its peer are lost.
        world.ends[0] = Session::resume(config(), &saved, 3, later);
        while world.ends[1].poll_timeout() < Some(later) {
            world.now = world.ends[1].poll_timeout().expect("due");
            world.ends[1].handle_timeout(world.now);
            while world.ends[1].poll_transmit().is_some() {}
        }
        world.now = later;
        world.drain();
        world.run(ms(1_000));
    }
    assert_eq!(world.events, []);
    assert_eq!(world.states(), [State::Up, State::Up]);
    assert_eq!(world.ends[0].status().discriminator, 11);
}

#[test]
fn a_session_that_is_resumed_too_late_hears_that_it_was_given_up_and_comes_up_again() {
    let mut world = World::up([config(); 2]);
    let saved = world.ends[0].save();
    let later = world.now + ms(500);
    for after in [150, 180] {
        world.ends[1].handle_timeout(world.now + ms(after));
    }
    while world.ends[1].poll_transmit().is_some() {}
    assert_eq!(world.ends[1].state(), State::Down);
    world.now = later;
    world.with(0, |session, now| {
        *session = Session::resume(config(), &saved, 3, now)
    });
    world.run(ms(3_000));
    assert_eq!(world.states(), [State::Up, State::Up]);
    assert_eq!(world.of(0).last(), Some(&Event::Up));
}

#[test]
fn a_session_that_is_resumed_on_a_dead_path_falls_after_the_detection_time() {
    let world = World::up([config(); 2]);
    let saved = world.ends[0].save();
    let resumed = Session::resume(config(), &saved, 3, world.now);
    assert_eq!(resumed.state(), State::Up);
    let mut resumed = resumed;
    resumed.handle_timeout(world.now + ms(149));
    assert_eq!(resumed.state(), State::Up);
    resumed.handle_timeout(world.now + ms(150));
    assert_eq!(resumed.state(), State::Down);
    assert_eq!(resumed.poll_event(), Some(Event::Down(DownReason::Silent)));
}
