//! LACP between bondd and Open vSwitch.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bond::Why;
use bond::lacp::{mux, receive};
use tests::ovs::{LAGS, LacpRate};
use tests::{prove, wait};
use wire::lacp::State;

use crate::bondd::{self, ALL, Bonding};

/// Longer than the switch waits for an LACPDU at the fast rate.
const TIMEOUT_OF_THE_SWITCH: Duration = Duration::from_millis(3_500);

/// Both rates of both sides.
const RATES: [(LacpRate, LacpRate); 4] = [
    (LacpRate::Fast, LacpRate::Fast),
    (LacpRate::Fast, LacpRate::Slow),
    (LacpRate::Slow, LacpRate::Fast),
    (LacpRate::Slow, LacpRate::Slow),
];

#[test]
#[ignore = "needs root and the lab's programs"]
fn both_rates_are_negotiated_in_all_combinations() -> Result<()> {
    for (ours, theirs) in RATES {
        let bonding = Bonding::raise(ours, theirs)?;
        let shown = bonding.lab.switch.lacp()?;
        assert_eq!(shown.status, "active negotiated");
        let attached = shown
            .members
            .iter()
            .filter(|(member, _)| member.status == "current attached");
        assert_eq!(attached.count(), 2, "{shown:?}");
        let ports = bonding.lacp()?.ports;
        assert_eq!(ports.len(), 2);
        for port in ports {
            assert_eq!(port.receive, receive::State::Current);
            assert_eq!(port.mux, mux::State::CollectingDistributing);
            let asks_fast =
                [port.actor.state, port.partner.state].map(|state| state.contains(State::TIMEOUT));
            assert_eq!(asks_fast, [ours, theirs].map(|rate| rate == LacpRate::Fast));
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn either_side_may_be_passive() -> Result<()> {
    // Every pair where figures are to be proved; else each rate once.
    let step = if prove::is_asked() { 1 } else { 3 };
    for (ours, theirs) in RATES.into_iter().step_by(step) {
        for options in ["lacp_active = false\n", ""] {
            let we_are_passive = !options.is_empty();
            let mut bonding = Bonding::prepare_with(ours, theirs, options)?;
            if !we_are_passive {
                bonding.lab.switch.be_passive(LAGS[0])?;
            }
            bonding.start()?;
            bonding.wait_for_cables(&ALL)?;
            for port in bonding.lacp()?.ports {
                let ends = [port.actor.state, port.partner.state];
                let active = ends.map(|state| state.contains(State::ACTIVITY));
                assert_eq!(active, [!we_are_passive, we_are_passive]);
            }
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn independent_control_works_with_a_switch_of_coupled_control() -> Result<()> {
    for rate in [LacpRate::Fast, LacpRate::Slow] {
        let mut bonding = Bonding::prepare_with(rate, rate, "coupled_control = false\n")?;
        bonding.start()?;
        bonding.wait_for_cables(&ALL)?;
        let ports = bonding.lacp()?.ports;
        assert!(
            ports
                .iter()
                .all(|port| port.mux == mux::State::Distributing)
        );
        bonding.lab.cables()[0].cut_carrier()?;
        bonding.wait_for_cables(&[1])?;
        bonding.lab.cables()[0].heal()?;
        bonding.wait_for_cables(&ALL)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_member_that_stands_by_replaces_one_that_fails() -> Result<()> {
    // Else the switch's priorities decide: its system priority is 65534, one better than our default.
    let options = "lacp_max_bundle = 1\nad_actor_sys_prio = 1\n";
    let mut bonding = Bonding::prepare_with(LacpRate::Fast, LacpRate::Fast, options)?;
    bonding.start()?;
    bonding.wait_for_cables(&[0])?;
    assert_eq!(bonding.bond()?.members[1].why, Some(Why::Standby));
    let cut = Instant::now();
    bonding.lab.cables()[0].cut_carrier()?;
    bonding.wait_for_cables(&[1])?;
    let took = cut.elapsed();
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    println!("the other took over after {took:?}");
    bonding.lab.cables()[0].heal()?;
    bonding.wait_for_cables(&[0])
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_cable_without_carrier_leaves_at_once_and_comes_back_alone() -> Result<()> {
    let bonding = Bonding::raise_fast()?;
    let cut = Instant::now();
    bonding.lab.cables()[0].cut_carrier()?;
    bonding.wait_for_own(&[1])?;
    let took = cut.elapsed();
    assert!(
        took < Duration::from_millis(500),
        "carrier loss took {took:?}"
    );
    println!("carrier loss was noticed after {took:?}");
    bonding.wait_for_cables(&[1])?;
    let port = &bonding.lacp()?.ports[1];
    assert_eq!(
        (port.counters.expired, port.mux),
        (0, mux::State::CollectingDistributing)
    );
    bonding.lab.cables()[0].heal()?;
    bonding.wait_for_cables(&ALL)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_silent_cable_leaves_within_three_and_a_half_seconds_at_the_fast_rate() -> Result<()> {
    let bonding = Bonding::raise_fast()?;
    let cut = Instant::now();
    bonding.lab.cables()[1].cut_silently()?;
    bonding.wait_for_own(&[0])?;
    let took = cut.elapsed();
    assert!(
        took > Duration::from_millis(1_500),
        "silence is no carrier loss: {took:?}"
    );
    assert!(took < Duration::from_millis(3_500), "silence took {took:?}");
    assert!(bonding.bond()?.members[1].carrier);
    bonding.lab.cables()[1].heal()?;
    bonding.wait_for_cables(&ALL)?;
    println!("silence was noticed after {took:?}");
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_killed_bondd_that_starts_again_is_not_noticed_by_the_switch() -> Result<()> {
    let mut bonding = Bonding::raise_fast()?;
    let before = bonding.lab.switch.log()?.len();
    let monitor = bonding.lab.switch.monitor()?;
    for _ in 0..3 {
        bonding.kill();
        bonding.start()?;
        bondd::uses_exactly(bonding.run_directory(), &ALL).context("from its first answer")?;
        // So long that the switch would have noticed; the monitor asks it meanwhile.
        let started = Instant::now();
        wait::until(
            "the switch's timeout",
            TIMEOUT_OF_THE_SWITCH.saturating_mul(2),
            || (started.elapsed() >= TIMEOUT_OF_THE_SWITCH).then_some(()),
        )?;
    }
    let seen = monitor.finish()?;
    assert!(seen.none() && seen.samples > 100, "{seen:?}");
    let log = bonding.lab.switch.log()?;
    let since = log.get(before..).context("a log that shrank")?;
    let noticed = |line: &&str| line.contains("|bond|") || line.contains("|lacp|");
    let noticed: Vec<_> = since.lines().filter(noticed).collect();
    assert!(noticed.is_empty(), "{noticed:#?}");
    assert_eq!(bonding.log().matches("bond0: resumed").count(), 3);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_stopped_bondd_says_goodbye_and_the_switch_moves_at_once() -> Result<()> {
    let mut bonding = Bonding::raise_fast()?;
    let stopped = Instant::now();
    bonding.stop()?;
    bondd::wait_for_switch(&bonding.lab, &[])?;
    let took = stopped.elapsed();
    assert!(
        took < Duration::from_millis(1_000),
        "silence takes three seconds, this took {took:?}"
    );
    Ok(())
}
