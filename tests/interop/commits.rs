//! Members that a commit adds, takes away or puts elsewhere, while Open vSwitch looks on.

use std::collections::BTreeMap;

use anyhow::Result;
use bond::lacp::mux;
use bond::{Forwarder, PortStatus};
use control::ipc::Effect;
use tests::appliance::binaries;
use tests::lab::{Lab, MEMBERS, SWITCH_PORTS};
use tests::ovs::{Departures, LacpRate};
use tests::plan::Vip;
use tests::{config, wait};

use crate::bondd::{self, ALL, Bonding, LIMIT};
use crate::flows::Flows;

/// The configuration with these members.
fn of(configuration: &str, members: &[&str]) -> String {
    let list = |members: &[&str]| {
        let names: Vec<String> = members.iter().map(|name| format!("{name:?}")).collect();
        format!("members = [{}]", names.join(", "))
    };
    configuration.replace(&list(&MEMBERS), &list(members))
}

/// What the switch has logged of cables that left it.
fn left(seen: &Departures, cable: usize) -> Vec<&String> {
    let name = format!("member {}:", SWITCH_PORTS[cable]);
    let lines = seen.logged.iter();
    lines.filter(|line| line.contains(&name)).collect()
}

fn ports(bonding: &Bonding) -> Result<BTreeMap<String, PortStatus>> {
    let ports = bonding.lacp()?.ports.into_iter();
    Ok(ports.map(|port| (port.member.clone(), port)).collect())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_member_comes_and_goes_by_commits_and_the_switch_sees_nothing_of_it_at_the_other() -> Result<()>
{
    for rate in [LacpRate::Fast, LacpRate::Slow] {
        let bonding = Bonding::raise(rate, rate)?;
        let [first, second] = MEMBERS;
        let configuration = config::bond(rate);
        let before = ports(&bonding)?;
        let system = bonding.lacp()?.system;
        let watch = bonding.lab.switch.monitor()?;
        let commit = |members: &[&str]| bonding.commit(&of(&configuration, members));
        // It gives the bond its MAC, and is the first.
        assert_eq!(commit(&[second])?, Effect::Live);
        bonding.wait_for_cables(&[1])?;
        assert_eq!(bonding.lacp()?.system, system);
        // Now it is the last.
        assert_eq!(commit(&[second, first])?, Effect::Live);
        bondd::wait_for_switch(&bonding.lab, &ALL)?;
        wait::until_ok(LIMIT, || {
            let members = bonding.bond()?.members;
            anyhow::ensure!(members.iter().all(|member| member.usable), "{members:?}");
            Ok(())
        })?;
        assert_eq!(commit(&[first, second])?, Effect::Live);
        bonding.wait_for_cables(&ALL)?;
        let seen = watch.finish()?;
        assert!(
            !left(&seen, 0).is_empty(),
            "the watch saw the other one leave"
        );
        assert_eq!(left(&seen, 1), Vec::<&String>::new());
        let after = ports(&bonding)?;
        for member in MEMBERS {
            let (before, after) = (&before[member], &after[member]);
            assert_eq!(after.actor, before.actor, "{member}: the number as well");
            assert_eq!(after.aggregator, before.aggregator);
            assert_eq!(after.mux, mux::State::CollectingDistributing);
        }
        let counters = |ports: &BTreeMap<String, PortStatus>| ports[second].counters;
        assert!(counters(&after).lacpdus_rx >= counters(&before).lacpdus_rx);
        assert_eq!(counters(&after).expired, 0);
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn what_the_switch_sends_by_the_member_that_stays_arrives_whole_and_in_order() -> Result<()> {
    let bonding = Bonding::raise_fast()?;
    let [first, second] = MEMBERS;
    let configuration = config::bond(LacpRate::Fast);
    let flows = Flows::start(&bonding.lab, bonding.lacp()?.system)?;
    flows.pass(50)?;
    bonding.commit(&of(&configuration, &[second]))?;
    bonding.wait_for_cables(&[1])?;
    flows.pass(50)?;
    bonding.commit(&of(&configuration, &[first, second]))?;
    bonding.wait_for_cables(&ALL)?;
    flows.pass(50)?;
    let (sent, arrived) = flows.finish()?;
    let began_by = |member: usize| {
        let flows = arrived.values();
        flows.filter(move |numbers| numbers[member].first() == Some(&0))
    };
    assert!(sent > 100 && began_by(0).count() > 0 && began_by(1).count() > 0);
    for [other, stays] in began_by(1) {
        // The last ones may have been on their way at the end.
        let (whole, count) = (0..sent.saturating_sub(50), stays.len());
        assert!(
            stays.iter().copied().take(whole.len()).eq(whole),
            "{count} of {sent}"
        );
        assert!(other.is_empty(), "it has not moved");
    }
    for [leaves, other] in began_by(0) {
        let came = leaves.len() + other.len();
        println!("of a flow of the member that went {came} of {sent} came");
        assert!(!other.is_empty(), "it has moved");
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn the_forwarder_begins_anew_on_other_members_and_the_switch_keeps_the_one_that_stays() -> Result<()>
{
    let lab = Lab::raise(LacpRate::Fast)?;
    let configuration = config::appliance(LacpRate::Fast);
    let appliance = lab.start_appliance(&binaries()?, &configuration)?;
    let run_directory = appliance.run_directory();
    bondd::wait_for_cables(&lab, &run_directory, &ALL)?;
    lab.wait_for_services(&Vip::all())?;
    let [bondd, lvsd] = ["bondd", "lvsd"].map(|name| appliance.daemon(name).map(|it| it.pid));
    let watch = lab.switch.monitor()?;
    // The second is now the first for both of them, and the other is nobody.
    appliance
        .commit(&of(&configuration, &MEMBERS[1..]))?
        .well()?;
    bondd::wait_for_cables(&lab, &run_directory, &[1])?;
    lab.wait_for_services(&Vip::all())?;
    appliance.commit(&configuration)?.well()?;
    bondd::wait_for_cables(&lab, &run_directory, &ALL)?;
    lab.wait_for_services(&Vip::all())?;
    let seen = watch.finish()?;
    assert!(
        !left(&seen, 0).is_empty(),
        "the watch saw the other one leave"
    );
    assert_eq!(left(&seen, 1), Vec::<&String>::new());
    assert_eq!(bondd::bond(&run_directory)?.forwarder, Forwarder::Alive);
    assert_eq!(appliance.daemon("bondd").map(|it| it.pid), bondd);
    assert_ne!(appliance.daemon("lvsd").map(|it| it.pid), lvsd);
    assert!(!appliance.log().contains("forwarder stale"));
    Ok(())
}
