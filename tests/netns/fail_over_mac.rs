//! active-backup on a network that lets each port speak with one MAC: whose MAC the bond has, and who knows it.

use std::time::Duration;

use anyhow::{Result, ensure};
use bond::{FailOverMac, Mode};
use tests::appliance::binaries;
use tests::bonding::{BOND, BOND_V6, Bonding, CLIENT, Count, Echo, Stream, VIP, known_by};
use tests::namespace::Namespace;
use tests::{run, wait};
use wire::Mac;

const LIMIT: Duration = Duration::from_secs(10);
/// Datagrams that a failover may cost in one direction: what is sent in 100 ms.
const COSTS: usize = 160;
/// Bursts of the stream, 10 ms each.
const QUIET: usize = 10;

/// Waits until both clients know the addresses that they have spoken with by this MAC.
fn wait_for_mac(lab: &Bonding, neighbour: &Namespace, expected: Mac) -> Result<()> {
    let known = [
        (neighbour, BOND.to_string()),
        (neighbour, BOND_V6.to_string()),
        (&lab.client, VIP.to_string()),
    ];
    wait::until_ok(LIMIT, || {
        for (client, address) in &known {
            let mac = known_by(client, address)?;
            ensure!(mac == expected.to_string(), "{address} is known by {mac}");
        }
        Ok(())
    })
}

/// The neighbour speaks with both of our addresses once.
fn meet(neighbour: &Namespace) -> Result<()> {
    for address in [BOND.to_string(), BOND_V6.to_string()] {
        wait::until_ok(LIMIT, || {
            let mut ping = neighbour.command("ping");
            run::output(ping.args(["-c", "1", "-W", "1", &address]))
        })?;
    }
    Ok(())
}

/// Which member's MAC each station of ours on the switch has, by the member that it is behind.
fn foreign(lab: &Bonding) -> Result<Vec<(usize, Mac)>> {
    let own: Vec<Mac> = (0..lab.members())
        .map(|m| lab.mac(m))
        .collect::<Result<_>>()?;
    let stations = lab.stations().into_iter();
    Ok(stations
        .filter(|(member, mac)| own[*member] != *mac)
        .collect())
}

/// Cuts the active member and then the other, under load; what each failover cost, in each direction.
fn fail_over(
    lab: &Bonding,
    follows: impl Fn(&Bonding, &Namespace, usize) -> Result<()>,
) -> Result<Vec<[Count; 2]>> {
    let out = Stream::start((&lab.boxed, BOND), (&lab.client, CLIENT))?;
    let into = Stream::start((&lab.client, CLIENT), (&lab.boxed, BOND))?;
    let echo = Echo::start(lab)?;
    out.wait_for_arrivals()?;
    into.wait_for_arrivals()?;
    echo.wait_for_progress()?;
    let neighbour = lab.add_client(21)?;
    meet(&neighbour)?;
    follows(lab, &neighbour, 0)?;
    for active in [0, 1] {
        out.begin(active + 1);
        into.begin(active + 1);
        lab.cut(active)?;
        out.pass(QUIET)?;
        into.pass(QUIET)?;
        follows(lab, &neighbour, 1 - active)?;
        lab.heal(active)?;
        echo.wait_for_progress()?;
    }
    echo.finish()?;
    let ways = [out.finish()?, into.finish()?];
    Ok([1, 2]
        .map(|part| [ways[0].of(part), ways[1].of(part)])
        .into())
}

fn story(
    fail_over_mac: FailOverMac,
    follows: impl Fn(&Bonding, &Namespace, usize) -> Result<()>,
) -> Result<()> {
    let options = format!("fail_over_mac = \"{fail_over_mac}\"\nnum_grat_arp = 3");
    let lab = Bonding::raise(&binaries()?, Mode::ActiveBackup, 2, &options)?;
    for [out, into] in fail_over(&lab, follows)? {
        println!("fail_over_mac {fail_over_mac}: out {out}; in {into}");
        for way in [out, into] {
            ensure!(way.lost <= COSTS, "{way}");
            ensure!(way.duplicated == 0 && way.reordered == 0, "{way}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn with_fail_over_mac_active_no_member_speaks_with_anothers_mac_and_clients_learn_the_new_one()
-> Result<()> {
    story(FailOverMac::Active, |lab, neighbour, active| {
        wait_for_mac(lab, neighbour, lab.mac(active)?)?;
        let foreign = foreign(lab)?;
        ensure!(foreign.is_empty(), "MACs of another member: {foreign:?}");
        Ok(())
    })
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn with_fail_over_mac_follow_clients_know_one_mac_which_goes_with_the_active_member() -> Result<()>
{
    story(FailOverMac::Follow, |lab, neighbour, active| {
        let mac = lab.mac(0)?;
        wait_for_mac(lab, neighbour, mac)?;
        let stations = lab.stations();
        ensure!(
            stations.contains(&(active, mac)),
            "{mac} is not behind {active}: {stations:?}"
        );
        Ok(())
    })
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn an_operator_moves_the_traffic_to_another_member_and_not_to_one_without_a_link() -> Result<()> {
    let lab = Bonding::raise(&binaries()?, Mode::ActiveBackup, 2, "")?;
    let out = Stream::start((&lab.boxed, BOND), (&lab.client, CLIENT))?;
    out.wait_for_arrivals()?;
    let place = |active| {
        wait::until_ok(LIMIT, || {
            let mac = lab.mac(0)?;
            ensure!(
                lab.stations().contains(&(active, mac)),
                "{:?}",
                lab.stations()
            );
            Ok(())
        })
    };
    place(0)?;
    out.begin(1);
    lab.appliance().activate("bond0", "eth2")?.well()?;
    place(1)?;
    out.pass(QUIET)?;
    lab.cut(0)?;
    let refused = lab.appliance().activate("bond0", "eth1")?;
    ensure!(refused.status == 1, "{refused:?}");
    let why = "fourfold: bondd refused: bond0: eth1: its link is down";
    ensure!(refused.lines == [why], "{refused:?}");
    let moved = out.finish()?.of(1);
    println!("an operator's move: {moved}");
    ensure!(moved.lost == 0 && moved.duplicated == 0, "{moved}");
    ensure!(moved.reordered == 0, "{moved}");
    Ok(())
}
