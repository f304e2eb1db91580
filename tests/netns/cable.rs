//! The cables, with a second Open vSwitch as the LACP partner in the appliance's place.

use std::time::Duration;

use anyhow::Result;
use tests::drops::frame::{Flags, Way};
use tests::lab::{Lab, MEMBERS, SWITCH_PORTS};
use tests::namespace::Namespace;
use tests::ovs::{LAGS, LacpRate, Switch};
use tests::plan::{self, Family, Subnet};
use tests::{host, run, wait};

/// A lab whose appliance is another switch that speaks LACP on both members.
fn with_partner(rate: LacpRate) -> Result<(Switch, Lab)> {
    let lab = Lab::raise(rate)?;
    host::prepare_switch(lab.appliance())?;
    let partner = Switch::start(lab.appliance(), &lab.room("partner")?)?;
    partner.add_bond(LAGS[0], &MEMBERS, rate)?;
    lab.wait_for_bond()?;
    partner.lag(LAGS[0]).wait(Duration::from_secs(10))?;
    Ok((partner, lab))
}

fn has_carrier(namespace: &Namespace, interface: &str) -> Result<bool> {
    let mut command = run::program("ip");
    command.args(["-n", namespace.name(), "link", "show", "dev", interface]);
    Ok(run::output(&mut command)?.contains("LOWER_UP"))
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn lacp_passes_the_cables_both_ways_at_both_rates() -> Result<()> {
    for rate in [LacpRate::Fast, LacpRate::Slow] {
        let (partner, lab) = with_partner(rate)?;
        for switch in [&partner, &lab.switch] {
            assert!(switch.lacp()?.is_whole(), "{:?}", switch.lacp()?);
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_cut_cable_takes_the_carrier_of_both_ends_and_healing_returns_it() -> Result<()> {
    let (partner, lab) = with_partner(LacpRate::Fast)?;
    let ends = [
        (lab.switch_namespace(), SWITCH_PORTS[0]),
        (lab.appliance(), MEMBERS[0]),
    ];
    let idle = lab.switch.monitor()?;
    lab.cables()[0].cut_carrier()?;
    for (namespace, interface) in ends {
        assert!(!has_carrier(namespace, interface)?, "{interface}");
    }
    wait::until(
        "the switch to leave the member out",
        Duration::from_secs(2),
        || (!lab.switch.bond().ok()?.is_enabled(SWITCH_PORTS[0])).then_some(()),
    )?;
    assert!(lab.switch.bond()?.is_enabled(SWITCH_PORTS[1]));
    lab.cables()[0].heal()?;
    for (namespace, interface) in ends {
        assert!(has_carrier(namespace, interface)?, "{interface}");
    }
    lab.wait_for_bond()?;
    partner.lag(LAGS[0]).wait(Duration::from_secs(10))?;
    let seen = idle.finish()?;
    assert!(
        !seen.missing.is_empty() && !seen.logged.is_empty(),
        "{seen:?}"
    );
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_silent_cut_keeps_the_carrier_and_lets_no_frame_pass() -> Result<()> {
    let (_partner, lab) = with_partner(LacpRate::Fast)?;
    let ends = [
        (lab.switch_namespace(), SWITCH_PORTS[1]),
        (lab.appliance(), MEMBERS[1]),
    ];
    lab.cables()[1].cut_silently()?;
    let before = [ends[0].0.frames(ends[0].1)?, ends[1].0.frames(ends[1].1)?];
    wait::until("LACP to time out", Duration::from_secs(6), || {
        (!lab.switch.bond().ok()?.is_enabled(SWITCH_PORTS[1])).then_some(())
    })?;
    for ((namespace, interface), before) in ends.into_iter().zip(before) {
        let after = namespace.frames(interface)?;
        assert!(has_carrier(namespace, interface)?);
        assert!(after.sent > before.sent, "{interface} went on sending");
        assert_eq!(
            after.received, before.received,
            "{interface} received through a cut cable"
        );
    }
    lab.cables()[1].heal()?;
    lab.wait_for_bond()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn the_monitor_sees_nobody_leave_a_bond_that_is_left_alone() -> Result<()> {
    let (_partner, lab) = with_partner(LacpRate::Fast)?;
    let monitor = lab.switch.monitor()?;
    // Several LACPDUs of each side pass meanwhile.
    let first = lab.appliance().frames(MEMBERS[0])?;
    wait::until("five LACPDUs", Duration::from_secs(20), || {
        (lab.appliance().frames(MEMBERS[0]).ok()?.received >= first.received + 5).then_some(())
    })?;
    let seen = monitor.finish()?;
    assert!(seen.none() && seen.samples > 20, "{seen:?}");
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_cable_that_loses_lacp_passes_other_frames_of_the_switch() -> Result<()> {
    let (_partner, lab) = with_partner(LacpRate::Fast)?;
    lab.cables()[1].cut_lacp()?;
    wait::until("LACP to time out", Duration::from_secs(6), || {
        (!lab.switch.bond().ok()?.is_enabled(SWITCH_PORTS[1])).then_some(())
    })?;
    let before = lab.appliance().frames(MEMBERS[1])?;
    let way = Way {
        source: [0x02, 0, 0, 0, 0, 1],
        destination: [0x02, 0, 0, 0, 0, 2],
        from: plan::address(Family::V4, Subnet::A, 10),
        to: plan::address(Family::V4, Subnet::A, 100),
    };
    lab.switch
        .send(SWITCH_PORTS[1], &way.tcp(900, 80, Flags::Syn)?)?;
    wait::until("the frame to pass", Duration::from_secs(2), || {
        (lab.appliance().frames(MEMBERS[1]).ok()?.received == before.received + 1).then_some(())
    })?;
    lab.cables()[1].heal()?;
    lab.wait_for_bond()
}
