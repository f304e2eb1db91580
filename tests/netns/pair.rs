//! Two boxes in one lab.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tests::appliance::{Appliance, binaries};
use tests::arp::{self, Ear, Heard, Operation};
use tests::host::INTERFACE;
use tests::lab::{Lab, Place};
use tests::ovs::LacpRate;
use tests::pair::Pair;
use tests::plan::{self, ADVERT_INT, BOXES, CLIENT, Family, Method, Router, Subnet, Vip, other};
use tests::{config, run, wait};

const REQUESTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

fn v4(address: IpAddr) -> Result<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(address) => bail!("{address} has no ARP"),
    }
}

/// An ear at the end of a box's cables where all that it sends comes in.
fn ear_at(lab: &Lab, place: &Place) -> Result<Ear> {
    Ear::open(lab.cable_namespace(), &place.far_ends())
}

fn ask(lab: &Lab, target: Ipv4Addr) -> Result<()> {
    let own = v4(plan::address(Family::V4, Subnet::A, CLIENT))?;
    arp::ask(
        lab.client_namespace(),
        INTERFACE,
        own,
        target,
        REQUESTS,
        PAUSE,
    )
}

fn answers(heard: &[Heard], target: Ipv4Addr) -> Vec<[u8; 6]> {
    let answers = heard
        .iter()
        .filter(|one| one.operation == Operation::Reply && one.sender_address == target);
    answers.map(|one| one.sender).collect()
}

fn wait_for_answers(ear: &Ear, target: Ipv4Addr) -> Result<Vec<[u8; 6]>> {
    let (mut all, wanted) = (Vec::new(), usize::try_from(REQUESTS)?);
    wait::until_ok(Duration::from_secs(5), || {
        all.extend(answers(&ear.heard()?, target));
        ensure!(all.len() >= wanted, "{} answers", all.len());
        Ok(())
    })?;
    Ok(all)
}

fn start_both(lab: &Lab) -> Result<Vec<Appliance>> {
    let binaries = binaries()?;
    let start = |number| lab.start_box(number, &binaries, &config::bond_of(number));
    (1..=BOXES).map(start).collect()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn each_of_two_boxes_is_heard_on_its_own_cables_only_and_a_dead_one_on_none() -> Result<()> {
    let lab = Lab::raise_pair(LacpRate::Fast)?;
    let mut boxes = start_both(&lab)?;
    lab.wait_for_bond()?;
    let ears = lab.places.iter().map(|place| ear_at(&lab, place));
    let ears: Vec<Ear> = ears.collect::<Result<_>>()?;
    for (number, place) in (1..).zip(&lab.places) {
        let target = v4(plan::own(number, Family::V4, Subnet::A))?;
        ask(&lab, target)?;
        let senders = wait_for_answers(&ears[usize::from(number - 1)], target)?;
        let elsewhere = ears[usize::from(other(number) - 1)].heard()?;
        assert_eq!(answers(&elsewhere, target), Vec::<[u8; 6]>::new());
        let port = lab.switch.location_of(senders[0])?;
        let port = port.context("the switch has not seen the box")?;
        assert!(place.switch_ports().contains(&port), "box {number}: {port}");
    }
    let target = v4(plan::own(2, Family::V4, Subnet::A))?;
    boxes[1].kill_all()?;
    let delivered = Ear::open(lab.cable_namespace(), &lab.places[1].near_ends())?;
    ask(&lab, target)?;
    let wanted = usize::try_from(REQUESTS)?;
    let mut requests = Vec::new();
    wait::until(
        "the requests at the dead box",
        Duration::from_secs(2),
        || {
            requests.extend(delivered.heard().ok()?);
            (requests.len() >= wanted).then_some(())
        },
    )?;
    assert_eq!(answers(&ears[1].heard()?, target), Vec::<[u8; 6]>::new());
    boxes[1].start_again()?;
    lab.wait_for_bond()?;
    ask(&lab, target)?;
    wait_for_answers(&ears[1], target)?;
    Ok(())
}

/// A real reaches the client's other address by way of its default gateway, which is a virtual router;
/// the box that is Active for it, and no other, hands that to its kernel to route.
fn real_uses_the_gateway(pair: &Pair, active: u8) -> Result<()> {
    const PINGS: u64 = 3;
    let before = [1, 2].map(|number| routed(pair.at(number)));
    for family in [Family::V4, Family::V6] {
        let client = plan::address(family, Subnet::A, CLIENT).to_string();
        let mut ping = pair.lab.real_namespace(1)?.command("ping");
        ping.args(["-c", &PINGS.to_string(), "-i", "0.2", "-W", "2", &client]);
        run::output(&mut ping)?;
    }
    for (number, before) in (1..).zip(before) {
        let more = routed(pair.at(number))? - before?;
        ensure!(
            (number == active) == (more >= 2 * PINGS),
            "box {number} routed {more}"
        );
    }
    Ok(())
}

/// Frames for a virtual router that were no service's.
fn routed(appliance: &Appliance) -> Result<u64> {
    let drops = appliance.show("drops")?;
    let items = drops["drops"].as_array().context("no items")?;
    let gateway = items.iter().find(|item| item["reason"] == "gateway");
    gateway.map_or(Ok(0), |item| item["count"].as_u64().context("no count"))
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn the_other_box_takes_over_a_dead_ones_routers_and_keeps_them_when_it_returns() -> Result<()> {
    let mut pair = Pair::raise(&binaries()?)?;
    for router in Router::all() {
        assert_eq!(pair.active_for(router)?, router.home());
    }
    real_uses_the_gateway(&pair, 1)?;
    pair.at_mut(1).kill_all()?;
    pair.at(2).wait_for_roles(|_| true, ADVERT_INT * 20)?;
    pair.lab.wait_for_services(&Vip::all())?;
    let router = Vip::rr(Method::Nat, Family::V4).router();
    let location = pair.lab.switch.location_of(router.virtual_mac())?;
    let location = location.context("the switch has not seen the virtual MAC")?;
    let ports = pair.lab.place(2)?.switch_ports();
    assert!(ports.contains(&location), "{location}");
    pair.return_as_backup(1)?;
    real_uses_the_gateway(&pair, 2)?;
    pair.lab.wait_for_services(&Vip::all())?;
    for router in Router::all() {
        assert_eq!(pair.active_for(router)?, 2);
    }
    Ok(())
}
