//! A host that does not keep up.

use health::{Health, Outcome, Reason};
use wire::Duration;

use crate::world::{Server, World, check, config, millis, real, secs};

fn outcome(target: health::TargetId, took: Duration) -> Outcome {
    Outcome {
        target,
        result: Ok(()),
        took,
    }
}

#[test]
fn a_probe_that_is_reported_late_delays_its_next_one_by_nothing() {
    let mut health = Health::new(config(1, &check()), wire::Instant::from_nanos(0));
    let began = health.poll_timeout().expect("a probe");
    let probe = health.poll_probe(began).expect("a probe");
    // Answered after 10 ms, and reported two seconds later.
    health.handle_input(began + secs(2), outcome(probe.target, millis(10)));
    assert_eq!(health.poll_timeout(), Some(began + millis(10) + secs(5)));
}

#[test]
fn a_probe_that_is_reported_after_its_next_one_was_due_is_followed_by_that_at_once() {
    let mut health = Health::new(config(1, &check()), wire::Instant::from_nanos(0));
    let began = health.poll_timeout().expect("a probe");
    let probe = health.poll_probe(began).expect("a probe");
    let late = began + secs(60);
    health.handle_input(late, outcome(probe.target, millis(10)));
    let next = health.poll_probe(late).expect("one that is due");
    assert_eq!(next.late, millis(54_990));
    // And by that one only: missed probes are not made up for.
    health.handle_input(late, outcome(next.target, Duration::ZERO));
    assert_eq!(health.poll_probe(late), None);
}

#[test]
fn a_probe_that_claims_to_have_ended_later_than_now_ended_now() {
    let mut health = Health::new(config(1, &check()), wire::Instant::from_nanos(0));
    let began = health.poll_timeout().expect("a probe");
    let probe = health.poll_probe(began).expect("a probe");
    health.handle_input(began, outcome(probe.target, secs(1_000)));
    assert_eq!(health.poll_timeout(), Some(began + secs(5)));
}

#[test]
fn a_probe_that_is_never_reported_delays_no_other() {
    let mut world = World::new(config(100, &check()));
    let first = world.health.poll_timeout().expect("a probe");
    let kept = world.health.poll_probe(first).expect("a probe").config.real;
    world.run(secs(50));
    for number in 0..100 {
        let begun = world.begun.get(&real(number)).map_or(0, Vec::len);
        assert_eq!(begun, if real(number) == kept { 0 } else { 10 });
    }
}

#[test]
fn silent_servers_delay_no_other() {
    let mut world = World::new(config(100, &check()));
    for number in 0..50 {
        world.serve(number, Server::Silent);
    }
    world.run(secs(80));
    for number in 0..100 {
        let begun = &world.begun[&real(number)];
        assert_eq!(begun.len(), if number < 50 { 10 } else { 16 });
    }
}

#[test]
fn what_is_due_longest_comes_first_after_a_pause() {
    let mut health = Health::new(config(100, &check()), wire::Instant::from_nanos(0));
    let late = wire::Instant::from_nanos(0) + secs(60);
    let mut last = Duration::from_secs(u64::MAX);
    let mut probes = 0;
    while let Some(probe) = health.poll_probe(late) {
        assert!(probe.late <= last);
        last = probe.late;
        probes += 1;
    }
    assert_eq!(probes, 100);
}

#[test]
fn an_outcome_that_comes_twice_is_counted_once() {
    let mut health = Health::new(config(1, &check()), wire::Instant::from_nanos(0));
    let began = health.poll_timeout().expect("a probe");
    let probe = health.poll_probe(began).expect("a probe");
    let outcome = Outcome {
        target: probe.target,
        result: Err(Reason::Reset),
        took: Duration::ZERO,
    };
    health.handle_input(began, outcome);
    health.handle_input(began, outcome);
    assert_eq!(health.status()[0].failures, 1);
    assert_eq!(health.stats().stale, 1);
    assert!(health.poll_probe(began + secs(5)).is_some());
    assert!(health.poll_probe(began + secs(5)).is_none());
}
