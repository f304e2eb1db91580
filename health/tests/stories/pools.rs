//! A service is dead when each of its reals is Down by its own verdict.

use health::{Config, Event, Health, Outcome, Reason, Verdict};
use wire::Duration;

use crate::world::{Server, World, check, config, secs, target};

#[test]
fn a_service_is_dead_with_its_last_real_and_alive_with_the_first_one_back() {
    let mut world = World::new(config(3, &check()));
    world.run(secs(30));
    assert!(world.health.take_changes().pools["web"]);
    for number in [0, 1] {
        world.serve(number, Server::Refuses);
        world.run(secs(30));
        assert!(world.health.take_changes().pools.is_empty());
    }
    world.serve(2, Server::Refuses);
    world.run(secs(30));
    assert!(!world.health.take_changes().pools["web"]);
    world.serve(1, Server::Well(Duration::ZERO));
    world.run(secs(30));
    assert!(world.health.take_changes().pools["web"]);
}

#[test]
fn a_service_is_nothing_to_another_one() {
    let mut config = config(1, &check());
    config.targets.push(target("api", 7, check()));
    let mut world = World::new(config);
    world.serve(7, Server::Refuses);
    world.run(secs(60));
    let pools = world.health.take_changes().pools;
    assert_eq!((pools["web"], pools["api"]), (true, false));
}

#[test]
fn an_unknown_real_does_not_bring_a_dead_service_to_life_but_its_first_verdict_does() {
    let mut world = World::new(config(1, &check()));
    world.serve(0, Server::Refuses);
    world.run(secs(60));
    assert!(!world.health.take_changes().pools["web"]);
    world.serve(1, Server::Well(Duration::ZERO));
    world.health.set_config(world.now, config(2, &check()));
    world.run(secs(10));
    assert!(world.health.take_changes().pools.is_empty());
    assert!(!world.health.verdicts().pools["web"]);
    world.run_to(1, Verdict::Up);
    assert!(world.health.take_changes().pools["web"]);
}

#[test]
fn an_unknown_real_keeps_a_service_from_being_dead() {
    let mut world = World::new(config(2, &check()));
    world.serve(0, Server::Refuses);
    world.serve(1, Server::Unasked);
    world.run(secs(600));
    assert_eq!(world.verdict(0), Verdict::Down);
    assert!(world.health.take_changes().pools.is_empty());
}

#[test]
fn lines_for_the_log_name_service_real_verdict_reason_and_probes() {
    let mut config = Config::default();
    config.targets.push(target("web", 11, check()));
    let mut health = Health::new(config, wire::Instant::from_nanos(0));
    let mut lines = Vec::new();
    let results = [Err(Reason::HttpStatus(503)), Ok(())];
    for result in results.into_iter().flat_map(|result| [result; 3]) {
        let now = health.poll_timeout().expect("a probe");
        let target = health.poll_probe(now).expect("a probe").target;
        let took = Duration::ZERO;
        health.handle_input(
            now,
            Outcome {
                target,
                result,
                took,
            },
        );
        lines.extend(
            std::iter::from_fn(|| health.poll_event()).map(|event: Event| event.to_string()),
        );
    }
    let expected = [
        "service web real 10.0.0.11:80: Down: http status 503 (3 of 3)",
        "service web: no real is up",
        "service web real 10.0.0.11:80: Up (3 of 3)",
        "service web: has a real that is up",
    ];
    assert_eq!(lines, expected);
}
