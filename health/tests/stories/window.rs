//! The two windows that an operator reckons with, to the nanosecond.

use health::{CheckConfig, Verdict};
use proptest::prelude::*;
use wire::{Duration, Instant};

use crate::world::{Server, World, check, config, millis, real, secs};

fn window(check: &CheckConfig) -> Duration {
    (check.interval + check.timeout).times(check.fall.into())
}

/// A world with one real that has just become Up, and so much later.
fn up_for(check: &CheckConfig, span: Duration) -> World {
    let mut world = World::new(config(1, check));
    world.run_to(0, Verdict::Up);
    world.run(span);
    world
}

/// How long a server that dies `after` it became Up keeps its verdict.
fn down_after(check: &CheckConfig, after: Duration, server: Server) -> Duration {
    let mut world = up_for(check, after);
    let died = world.now;
    world.serve(0, server);
    world.run_to(0, Verdict::Down).since(died)
}

#[test]
fn a_server_that_dies_right_after_a_probe_is_down_at_the_end_of_the_window_and_not_before() {
    let check = check();
    let span = down_after(&check, Duration::from_nanos(0), Server::Silent);
    assert_eq!(span, window(&check));
}

#[test]
fn whenever_a_server_dies_it_is_down_within_the_window() {
    let check = check();
    for step in 0..100 {
        let span = down_after(&check, millis(71 * step), Server::Silent);
        assert!(span <= window(&check), "died {step} steps later: {span}");
    }
}

#[test]
fn a_server_that_refuses_is_down_sooner_because_no_probe_waits() {
    let span = down_after(&check(), Duration::ZERO, Server::Refuses);
    assert_eq!(span, secs(15));
}

#[test]
fn one_failure_fewer_than_fall_is_no_verdict() {
    let mut world = up_for(&check(), Duration::ZERO);
    world.serve(0, Server::Refuses);
    world.run(secs(14));
    assert_eq!(world.health.status()[0].turning, 2);
    world.serve(0, Server::Well(millis(1)));
    world.run(secs(600));
    assert_eq!(world.turns.len(), 1, "{:?}", world.turns);
    assert_eq!(world.health.status()[0].turning, 0);
}

#[test]
fn failures_with_a_success_between_them_never_add_up() {
    let mut world = up_for(&check(), Duration::ZERO);
    for _ in 0..20 {
        world.serve(0, Server::Refuses);
        world.run(secs(10));
        world.serve(0, Server::Well(Duration::ZERO));
        world.run(secs(5));
    }
    assert_eq!(world.verdict(0), Verdict::Up);
}

#[test]
fn a_server_that_is_back_is_up_after_interval_times_rise_and_not_before() {
    let check = check();
    let mut world = up_for(&check, Duration::ZERO);
    world.serve(0, Server::Silent);
    world.run_to(0, Verdict::Down);
    world.run(secs(20));
    world.serve(0, Server::Well(Duration::ZERO));
    let up = world.run_to(0, Verdict::Up);
    assert_eq!(up.since(world.failed[&real(0)]), secs(15));
}

#[test]
fn successes_with_a_failure_between_them_never_add_up() {
    let mut world = up_for(&check(), Duration::ZERO);
    world.serve(0, Server::Refuses);
    world.run_to(0, Verdict::Down);
    for _ in 0..20 {
        world.serve(0, Server::Well(Duration::ZERO));
        world.run(secs(10));
        world.serve(0, Server::Refuses);
        world.run(secs(5));
    }
    assert_eq!(world.verdict(0), Verdict::Down);
}

#[test]
fn a_probe_that_the_own_host_could_not_make_speaks_neither_for_up_nor_for_down() {
    let mut world = up_for(&check(), Duration::ZERO);
    world.serve(0, Server::Unasked);
    world.run(secs(600));
    assert_eq!(world.verdict(0), Verdict::Up);
    assert_eq!(world.health.status()[0].last, "local error");
    assert_eq!(world.health.status()[0].failures, 0);
    // Nor does it part failures that follow one another.
    world.serve(0, Server::Refuses);
    world.run(secs(10));
    world.serve(0, Server::Unasked);
    world.run(secs(10));
    assert_eq!(world.health.status()[0].turning, 2);
    world.serve(0, Server::Refuses);
    world.run(secs(5));
    assert_eq!(world.verdict(0), Verdict::Down);
}

#[test]
fn the_threshold_of_one_turns_with_every_probe() {
    let check = CheckConfig {
        rise: 1,
        fall: 1,
        ..check()
    };
    let mut world = World::new(config(1, &check));
    world.run(secs(5));
    assert_eq!(world.verdict(0), Verdict::Up);
    world.serve(0, Server::Refuses);
    world.run(secs(5));
    assert_eq!(world.verdict(0), Verdict::Down);
    world.serve(0, Server::Well(Duration::ZERO));
    world.run(secs(5));
    assert_eq!(world.verdict(0), Verdict::Up);
}

proptest! {
    #[test]
    fn both_windows_hold_for_every_check(
        interval in 100_u64..20_000,
        timeout in 100_u64..20_000,
        rise in 1_u32..8,
        fall in 1_u32..8,
        died in 0_u64..60_000,
        back in 0_u64..60_000,
    ) {
        let check = CheckConfig {
            interval: millis(interval),
            timeout: millis(timeout),
            rise,
            fall,
            ..check()
        };
        let mut world = up_for(&check, millis(died));
        let died: Instant = world.now;
        world.serve(0, Server::Silent);
        let down = world.run_to(0, Verdict::Down);
        prop_assert!(down.since(died) <= window(&check));
        world.run(millis(back));
        world.serve(0, Server::Well(Duration::ZERO));
        let up = world.run_to(0, Verdict::Up);
        // A probe under way when the server came back is answered at that moment.
        let since = up.since(world.failed[&real(0)]);
        prop_assert!(since <= check.interval.times(rise.into()) + check.timeout);
        prop_assert!(since >= check.interval.times((rise - 1).into()));
    }
}
