//! Another configuration while targets are known.

use health::{CheckConfig, Config, Kind, Outcome, Reason, UdpConfig, Verdict};
use wire::Duration;

use crate::world::{Server, World, check, config, millis, real, secs, target};

/// Two reals, the first Up and the second Down, what changed already told.
fn settled() -> World {
    let mut world = World::new(config(2, &check()));
    world.serve(1, Server::Refuses);
    world.run(secs(60));
    world.health.take_changes();
    world
}

fn other_question() -> CheckConfig {
    CheckConfig {
        kind: Kind::Udp(UdpConfig {
            payload: vec![1],
            require_reply: true,
        }),
        ..check()
    }
}

#[test]
fn the_same_configuration_changes_nothing() {
    let mut world = settled();
    let (before, due) = (world.health.status(), world.health.poll_timeout());
    world.health.set_config(world.now, config(2, &check()));
    assert_eq!(world.health.status(), before);
    assert_eq!(world.health.poll_timeout(), due);
    assert!(world.health.take_changes().is_empty());
}

#[test]
fn a_new_target_begins_and_the_others_go_on() {
    let mut world = settled();
    let before = world.health.status();
    world.serve(2, Server::Well(Duration::ZERO));
    world.health.set_config(world.now, config(3, &check()));
    assert_eq!(world.health.status()[..2], before);
    assert_eq!(world.verdict(2), Verdict::Unknown);
    world.run_to(2, Verdict::Up);
}

#[test]
fn a_shorter_interval_holds_at_once_and_a_probe_under_way_is_not_lost() {
    let mut world = settled();
    let quick = CheckConfig {
        interval: millis(100),
        ..check()
    };
    world.serve(0, Server::Well(millis(50)));
    let next = world.health.poll_timeout().expect("a probe");
    world.run_until(next);
    world.health.set_config(world.now, config(2, &quick));
    let known = world.health.status();
    assert_eq!(
        (known[0].verdict, known[1].verdict),
        (Verdict::Up, Verdict::Down)
    );
    world.run(secs(1));
    assert!(world.health.status()[0].successes >= known[0].successes + 6);
    assert!(world.health.status()[1].failures >= known[1].failures + 9);
    assert_eq!(world.health.stats().stale, 0);
}

#[test]
fn where_a_check_asks_something_else_the_verdict_stands_until_the_new_answers_are_enough() {
    let mut world = settled();
    let mut next = config(2, &check());
    next.targets[0].check = other_question();
    next.targets[1].check = other_question();
    world.health.set_config(world.now, next);
    world.serve(0, Server::Refuses);
    world.serve(1, Server::Well(Duration::ZERO));
    world.run(secs(10));
    assert_eq!(
        (world.verdict(0), world.verdict(1)),
        (Verdict::Up, Verdict::Down)
    );
    assert!(world.health.take_changes().is_empty());
    world.run(secs(5));
    assert_eq!(
        (world.verdict(0), world.verdict(1)),
        (Verdict::Down, Verdict::Up)
    );
}

#[test]
fn failures_of_the_old_question_do_not_add_up_with_those_of_the_new_one() {
    let mut world = settled();
    world.serve(0, Server::Refuses);
    world.run(secs(10));
    assert_eq!(world.health.status()[0].turning, 2);
    let mut next = config(2, &check());
    next.targets[0].check = other_question();
    world.health.set_config(world.now, next);
    world.run(secs(10));
    assert_eq!(world.verdict(0), Verdict::Up);
    world.run(secs(5));
    assert_eq!(world.verdict(0), Verdict::Down);
}

#[test]
fn an_answer_to_the_old_question_is_not_counted_for_the_new_one() {
    let mut world = settled();
    let now = world.health.poll_timeout().expect("a probe");
    let probe = world.health.poll_probe(now).expect("a probe");
    let mut next = config(2, &check());
    for target in &mut next.targets {
        target.check = other_question();
    }
    world.health.set_config(now, next);
    // Also while the first probe of the new one is under way.
    let now = now + secs(5);
    while world.health.poll_probe(now).is_some() {}
    let before = world.health.status();
    let outcome = Outcome {
        target: probe.target,
        result: Err(Reason::Reset),
        took: Duration::ZERO,
    };
    world.health.handle_input(now, outcome);
    assert_eq!(world.health.status(), before);
    assert_eq!(world.health.stats().stale, 1);
}

#[test]
fn what_is_no_longer_checked_counts_as_up_and_its_service_as_alive() {
    let mut world = World::new(config(1, &check()));
    world.serve(0, Server::Refuses);
    world.run(secs(60));
    world.health.take_changes();
    world.health.set_config(world.now, Config::default());
    let changes = world.health.take_changes();
    assert!(changes.reals[&("web".into(), real(0))]);
    assert!(changes.pools["web"]);
    assert!(world.health.verdicts().is_empty());
    assert_eq!(world.health.poll_timeout(), None);
}

#[test]
fn a_service_that_loses_its_only_real_that_is_up_is_dead() {
    let mut world = settled();
    let mut next = Config::default();
    next.targets.push(target("web", 1, check()));
    world.health.set_config(world.now, next);
    let changes = world.health.take_changes();
    assert!(
        changes.reals.is_empty(),
        "one that is Up leaves without a word"
    );
    assert!(!changes.pools["web"]);
}

#[test]
fn a_real_of_the_same_address_in_another_service_is_another_target() {
    let mut world = settled();
    let mut next = config(2, &check());
    next.targets[1].service = "api".into();
    world.health.set_config(world.now, next);
    assert_eq!(world.verdict(1), Verdict::Unknown);
}
