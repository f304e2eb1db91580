//! When probes are made.

use std::collections::BTreeSet;

use health::{CheckConfig, Health};
use wire::{Duration, Instant};

use crate::world::{Server, World, check, config, millis, real, secs, target};

/// When the first probe of each of so many targets is due, in milliseconds after the start.
fn first_probes(targets: u16) -> Vec<u64> {
    let mut world = World::new(config(targets, &check()));
    let start = world.now;
    world.run(secs(5));
    let begun = world.begun.values();
    begun
        .map(|begun| begun[0].since(start).as_millis())
        .collect()
}

#[test]
fn ten_thousand_first_probes_are_spread_over_the_interval() {
    let probes = first_probes(10_000);
    assert_eq!(probes.len(), 10_000);
    let mut slots = [0_u32; 50];
    for probe in probes {
        slots[usize::try_from(probe / 100).expect("a slot")] += 1;
    }
    let most = slots.iter().max().expect("a slot");
    let fewest = slots.iter().min().expect("a slot");
    assert!(
        *most < 270 && *fewest > 130,
        "200 expected: {fewest}..{most}"
    );
}

#[test]
fn targets_start_in_the_same_rhythm_every_time_whoever_else_is_there() {
    let few = first_probes(10);
    assert_eq!(few, first_probes(10));
    assert_eq!(few, first_probes(1_000)[..10]);
    assert_eq!(few.iter().collect::<BTreeSet<_>>().len(), 10);
}

#[test]
fn the_same_real_of_two_services_is_probed_at_two_times() {
    let both = ["web", "api"].map(|service| target(service, 1, check()));
    let mut health = Health::new(
        health::Config {
            targets: both.into(),
        },
        Instant::from_nanos(0),
    );
    let first = health.poll_timeout().expect("a probe");
    assert!(health.poll_probe(first).is_some());
    assert!(health.poll_probe(first).is_none());
}

#[test]
fn each_probe_begins_an_interval_after_the_one_before_it_ended() {
    let mut world = World::new(config(1, &check()));
    world.serve(0, Server::Well(millis(700)));
    world.run(secs(60));
    let begun = &world.begun[&real(0)];
    assert!(begun.len() > 8);
    for pair in begun.windows(2) {
        assert_eq!(pair[1].since(pair[0]), millis(5_700));
    }
}

#[test]
fn targets_of_different_intervals_do_not_wait_for_one_another() {
    let mut config = config(1, &check());
    let often = CheckConfig {
        interval: millis(100),
        ..check()
    };
    config.targets.push(target("web", 1, often));
    let mut world = World::new(config);
    world.run(secs(100));
    assert_eq!(world.begun[&real(0)].len(), 20);
    assert_eq!(world.begun[&real(1)].len(), 1_000);
}

#[test]
fn nothing_is_due_before_it_is_due() {
    let mut health = Health::new(config(1, &check()), Instant::from_nanos(0));
    let due = health.poll_timeout().expect("a probe");
    assert!(health.poll_probe(due - Duration::from_nanos(1)).is_none());
    assert!(health.poll_probe(due).is_some());
    assert_eq!(health.poll_timeout(), None, "not before its outcome");
}
