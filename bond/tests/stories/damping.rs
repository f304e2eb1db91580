//! Links that come and go too often.

use bond::{Config, Event, Mode, Why};

use crate::network::Network;
use crate::pair::NOBODY;

fn damped() -> Config {
    let mut config = Config::new("bond0", Mode::ActiveBackup, &["eth1", "eth2"]);
    config.damping.damping = true;
    config.primary = Some("eth1".into());
    config
}

/// Loses and gets carrier so often, so many milliseconds apart.
fn flap(network: &mut Network, member: usize, times: usize, apart: u64) {
    for _ in 0..times {
        network.carrier(member, false);
        network.run(apart / 2);
        network.carrier(member, true);
        network.run(apart / 2);
    }
}

#[test]
fn twenty_flaps_in_ten_seconds_hold_a_member_out_and_rest_lets_it_in_again() {
    let mut network = Network::settled(damped());
    flap(&mut network, 0, 20, 500);
    assert_eq!(network.usable(), [1]);
    assert_eq!(network.why(0), Some(Why::Damped));
    let status = network.bond.status_at(network.now).members[0].clone();
    assert!(status.carrier && status.penalty > 2_000, "{status:?}");
    let wait = status.reuse_in_ms.expect("held");
    network.run(wait - 1);
    assert_eq!(network.usable(), [1]);
    network.run(2);
    assert_eq!(network.usable(), [0], "on time, and the primary again");
    let status = network.bond.status_at(network.now).members[0].clone();
    assert!(
        status.penalty < 1_000 && status.reuse_in_ms.is_none(),
        "{status:?}"
    );
    let changes: Vec<&Event> = network
        .events
        .iter()
        .filter(|event| matches!(event, Event::Damped { .. }))
        .collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
}

#[test]
fn without_damping_and_with_rare_flaps_nobody_is_held() {
    let mut without = damped();
    without.damping.damping = false;
    let mut network = Network::settled(without);
    flap(&mut network, 0, 20, 500);
    assert_eq!(network.usable(), [0]);
    assert_eq!(network.bond.status().members[0].penalty, 0);
    let mut network = Network::settled(damped());
    flap(&mut network, 0, 5, 12_000);
    assert_eq!(
        network.usable(),
        [0],
        "each loss is half forgotten before the next"
    );
}

#[test]
fn the_last_member_is_held_too_and_its_penalty_outlives_a_restart() {
    let mut network = Network::settled(damped());
    network.carrier(1, false);
    flap(&mut network, 0, 3, 10);
    assert_eq!(network.usable(), NOBODY);
    let saved = network.bond.save();
    network.bond = bond::Bond::new(damped(), network.now);
    assert!(network.bond.restore(&saved, network.now));
    network.run(1_000);
    assert_eq!(
        (network.usable(), network.why(0)),
        (vec![], Some(Why::Damped))
    );
    network.run(20_000);
    assert_eq!(network.usable(), [0]);
}

#[test]
fn damping_that_is_switched_off_lets_everybody_go() {
    let mut network = Network::settled(damped());
    flap(&mut network, 0, 3, 10);
    assert_eq!(network.usable(), [1]);
    let mut without = damped();
    without.damping.damping = false;
    network.bond.set_config(network.now, without);
    assert_eq!(network.usable(), [0]);
}
