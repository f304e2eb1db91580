//! The operator's switch.

use bfd::{Config, DownReason, Event, Input, State};

use crate::world::{World, ms};

#[test]
fn a_session_that_is_disabled_tells_its_peer_which_takes_it_for_no_failure() {
    let mut world = World::up([Config::default(); 2]);
    world.with(0, |session, now| {
        session.handle_input(now, Input::Admin(false))
    });
    world.run(ms(10_000));
    assert_eq!(world.of(0), [Event::Down(DownReason::Admin)]);
    assert_eq!(world.of(1), [Event::Down(DownReason::PeerAdmin)]);
    assert_eq!(world.states(), [State::AdminDown, State::Down]);
    assert_eq!(world.ends[0].status().diagnostic.number(), 7);
    assert_eq!(world.ends[1].remote_state(), Some(State::AdminDown));
    // 6.8.16: it is said for longer than a Detection Time.
    let said = world.sent.iter().filter(|(_, who, _)| *who == 0);
    assert!(said.clone().count() >= 10);
    assert!(said.clone().all(|(_, _, p)| p.state == State::AdminDown));
}

#[test]
fn a_session_that_is_enabled_again_comes_up() {
    let mut world = World::up([Config::default(); 2]);
    world.with(0, |session, now| {
        session.handle_input(now, Input::Admin(false))
    });
    world.run(ms(5_000));
    world.forget();
    world.with(0, |session, now| {
        session.handle_input(now, Input::Admin(true))
    });
    world.run(ms(10));
    assert_eq!(world.states(), [State::Up, State::Up]);
    assert_eq!(
        (world.of(0), world.of(1)),
        (vec![Event::Up], vec![Event::Up])
    );
}

#[test]
fn enabling_what_is_enabled_changes_nothing() {
    let mut world = World::up([Config::default(); 2]);
    world.with(0, |session, now| {
        session.handle_input(now, Input::Admin(true))
    });
    world.run(ms(1_000));
    assert_eq!(world.events, []);
}
