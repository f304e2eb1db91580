//! What is said, and what is not, before a target has its own verdict.

use health::{Verdict, Verdicts};
use wire::Duration;

use crate::world::{Server, World, check, config, real, secs};

#[test]
fn nothing_is_said_of_a_target_before_it_has_its_own_verdict() {
    let mut world = World::new(config(2, &check()));
    world.serve(1, Server::Refuses);
    // Two probes of each, of three.
    world.run(secs(10));
    assert!(world.health.take_changes().is_empty());
    assert_eq!(world.health.verdicts(), Verdicts::default());
    assert_eq!(world.verdict(0), Verdict::Unknown);
    world.run(secs(5));
    let said = world.health.take_changes();
    assert!(said.reals[&("web".into(), real(0))]);
    assert!(!said.reals[&("web".into(), real(1))]);
}

#[test]
fn a_dead_service_is_not_said_to_be_alive_before_a_real_of_it_is_up() {
    let mut world = World::new(config(2, &check()));
    world.serve(1, Server::Refuses);
    world.serve(0, Server::Silent);
    world.run_to(1, Verdict::Down);
    assert!(world.health.take_changes().pools.is_empty());
    world.run_to(0, Verdict::Down);
    assert!(!world.health.take_changes().pools["web"]);
}

#[test]
fn a_listener_that_has_just_come_is_told_every_verdict_and_a_change_only_once() {
    let mut world = World::new(config(3, &check()));
    world.run(secs(30));
    assert_eq!(world.health.take_changes(), world.health.verdicts());
    assert!(world.health.take_changes().is_empty());
    world.serve(2, Server::Refuses);
    world.run(secs(30));
    let changes = world.health.take_changes();
    assert_eq!(changes.reals.len(), 1);
    assert!(changes.pools.is_empty());
    assert_eq!(world.health.verdicts().reals.len(), 3);
}

#[test]
fn of_a_target_that_turned_twice_between_two_questions_the_last_verdict_is_told() {
    let mut world = World::new(config(1, &check()));
    world.run(secs(30));
    world.serve(0, Server::Refuses);
    world.run(secs(30));
    world.serve(0, Server::Well(Duration::ZERO));
    world.run(secs(30));
    assert_eq!(world.turns.len(), 3);
    let changes = world.health.take_changes();
    assert_eq!(changes.reals.into_values().collect::<Vec<_>>(), [true]);
    assert_eq!(changes.pools.into_values().collect::<Vec<_>>(), [true]);
}
