//! A path that does what it likes, for a while.

use bfd::{Config, Event, State};
use wire::bfd::ControlPacket;

use crate::world::{World, ms, through};

/// A way that loses, doubles and delays as a seed has it.
fn wild(seed: u64) -> impl FnMut(&ControlPacket) -> Vec<wire::Duration> {
    let mut word = seed | 1;
    move |_| {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let draw = word >> 33;
        match draw % 10 {
            0..=3 => vec![],
            4 | 5 => vec![ms(draw % 120), ms(draw % 7)],
            _ => vec![ms(draw % 30)],
        }
    }
}

#[test]
fn whatever_the_path_did_the_sessions_are_up_a_moment_after_it_is_well() {
    for seed in 0..200 {
        let mut world = World::new([Config::default(); 2], 1);
        world.ways = [Box::new(wild(seed)), Box::new(wild(seed + 1_000))];
        world.run(ms(20_000));
        world.ways = [through(), through()];
        world.run(ms(3_000));
        assert_eq!(world.states(), [State::Up, State::Up], "seed {seed}");
        world.forget();
        world.run(ms(5_000));
        assert_eq!(world.events, [], "seed {seed}");
    }
}

#[test]
fn a_session_goes_up_and_down_in_turn() {
    let mut world = World::new([Config::default(); 2], 1);
    world.ways = [Box::new(wild(4)), Box::new(wild(5))];
    world.run(ms(60_000));
    for end in [0, 1] {
        let events = world.of(end);
        let is_up = |event: &Event| *event == Event::Up;
        assert!(events.len() > 4, "it is wild enough");
        assert!(is_up(&events[0]));
        assert!(
            events
                .windows(2)
                .all(|pair| is_up(&pair[0]) != is_up(&pair[1]))
        );
    }
}
