//! balance-tlb and balance-alb on real traffic: what is spread over the members, in which direction, and
//! what clients and the switch know of MACs meanwhile.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bond::Mode;
use tests::appliance::binaries;
use tests::bonding::{BOND, BOND_V6, Bonding, CLIENT, Stream, VIP, known_by};
use tests::namespace::Namespace;
use tests::{prove, run, wait};

/// How long clients may take to know better: beyond the delay after a broadcast of ours.
const LIMIT: Duration = Duration::from_secs(10);
/// From one look of the box at its loads to the next.
const REBALANCE_INTERVAL: Duration = Duration::from_secs(10);
/// Clients for each member: with addresses that follow each other each member has some.
const CLIENTS: usize = 3;
const FIRST: u8 = 21;

fn sizes() -> impl Iterator<Item = usize> {
    let sizes = [2, 4].into_iter();
    sizes.filter(|members| *members == 2 || prove::is_asked())
}

/// Received and sent by each member.
fn frames(lab: &Bonding) -> Result<Vec<(u64, u64)>> {
    (0..lab.members())
        .map(|member| lab.frames(member))
        .collect()
}

/// What came and left by each member since.
fn since(lab: &Bonding, before: &[(u64, u64)]) -> Result<Vec<(u64, u64)>> {
    let now = frames(lab)?;
    let change = |(now, before): (&(u64, u64), &(u64, u64))| (now.0 - before.0, now.1 - before.1);
    Ok(now.iter().zip(before).map(change).collect())
}

/// Whether each has this much of an even part of the whole, in hundredths.
fn is_spread(parts: &[u64], least: u64) -> bool {
    let total: u64 = parts.iter().sum();
    let fair = total / u64::try_from(parts.len()).unwrap_or(1);
    parts.iter().all(|part| *part * 100 >= fair * least)
}

/// A station's place on the switch does not change.
fn stations_of_the_box(lab: &Bonding) -> Result<BTreeSet<(usize, String)>> {
    let stations = lab.stations().into_iter();
    let stations: BTreeSet<_> = stations.map(|(at, mac)| (at, mac.to_string())).collect();
    let places: BTreeSet<_> = stations.iter().map(|(at, _)| *at).collect();
    let macs: BTreeSet<_> = stations.iter().map(|(_, mac)| mac).collect();
    let members = lab.members();
    ensure!(
        places.len() == members && macs.len() == stations.len(),
        "each member has a MAC of its own: {stations:?}"
    );
    Ok(stations)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_tlb_spreads_what_it_sends_and_receives_by_the_active_member() -> Result<()> {
    for members in sizes() {
        let options = "xmit_hash_policy = \"layer3+4\"";
        let lab = Bonding::raise(&binaries()?, Mode::BalanceTlb, members, options)?;
        let stream = Stream::start((&lab.boxed, BOND), (&lab.client, CLIENT))?;
        let into = Stream::start((&lab.client, CLIENT), (&lab.boxed, BOND))?;
        stream.wait_for_arrivals()?;
        let stations = stations_of_the_box(&lab)?;
        // Where the hash has few flows on a member the load moves others there.
        let (received, sent) = wait::until_ok(LIMIT + 2 * REBALANCE_INTERVAL, || {
            let before = frames(&lab)?;
            stream.pass(100)?;
            let (received, sent): (Vec<_>, Vec<_>) = since(&lab, &before)?.into_iter().unzip();
            ensure!(is_spread(&sent, 75), "sent by member: {sent:?}");
            Ok((received, sent))
        })?;
        println!("balance-tlb of {members}: received {received:?}, sent {sent:?}");
        let others: u64 = received.iter().skip(1).sum();
        ensure!(
            received[0] > 20 * others,
            "received by member: {received:?}"
        );
        ensure!(stations_of_the_box(&lab)? == stations, "a station moved");
        stream.finish()?;
        into.finish()?;
    }
    Ok(())
}

/// The MAC that a host knows the bond by, over IPv4 and IPv6.
fn known(client: &Namespace) -> Result<[String; 2]> {
    let v4 = known_by(client, &BOND.to_string())?;
    Ok([v4, known_by(client, &BOND_V6.to_string())?])
}

/// How many MACs the clients know the bond by, over IPv4 and IPv6.
fn macs_known(clients: &[Namespace]) -> Result<[usize; 2]> {
    let mut macs = [BTreeSet::new(), BTreeSet::new()];
    for client in clients {
        for (macs, mac) in macs.iter_mut().zip(known(client)?) {
            macs.insert(mac);
        }
    }
    Ok(macs.map(|macs| macs.len()))
}

fn wait_for_macs(clients: &[Namespace], expected: usize) -> Result<()> {
    wait::until_ok(LIMIT, || {
        let macs = macs_known(clients)?;
        ensure!(macs == [expected; 2], "MACs known: {macs:?}");
        Ok(())
    })
}

/// Pings both addresses twenty times a second; they have to be [finished](finish).
fn ping(clients: &[Namespace]) -> Result<Vec<Child>> {
    let addresses = [BOND.to_string(), BOND_V6.to_string()];
    let ping = |(client, address): (&Namespace, &String)| {
        let mut ping = client.command("ping");
        ping.args(["-i", "0.05", "-q", address])
            .stdout(Stdio::piped());
        ping.spawn().context("ping")
    };
    let pairs = clients
        .iter()
        .flat_map(|client| addresses.iter().map(move |a| (client, a)));
    pairs.map(ping).collect()
}

/// Ends the pings: sent, lost, and how many came twice.
fn finish(pings: Vec<Child>) -> Result<(u64, u64, u64)> {
    let mut sum = (0, 0, 0);
    for child in pings {
        let pid = nix::unistd::Pid::from_raw(child.id().try_into()?);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT)?;
        let told = String::from_utf8(child.wait_with_output()?.stdout)?;
        let count = |what: &str| -> u64 {
            let parts = told.lines().flat_map(|line| line.split(", "));
            let part = parts.filter_map(|part| part.strip_suffix(what));
            part.filter_map(|number| number.trim_start_matches('+').parse::<u64>().ok())
                .sum()
        };
        let (sent, received) = (count(" packets transmitted"), count(" received"));
        ensure!(sent > 0, "{told}");
        sum = (
            sum.0 + sent,
            sum.1 + sent.saturating_sub(received),
            sum.2 + count(" duplicates"),
        );
    }
    Ok(sum)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_alb_has_each_client_send_to_its_member_and_tells_it_when_that_goes() -> Result<()> {
    for members in sizes() {
        let lab = Bonding::raise(&binaries()?, Mode::BalanceAlb, members, "")?;
        let numbers = (FIRST..).take(members * CLIENTS);
        let clients: Vec<Namespace> = numbers
            .map(|number| lab.add_client(number))
            .collect::<Result<_>>()?;
        let pings = ping(&clients)?;
        wait_for_macs(&clients, members)?;
        let stations = stations_of_the_box(&lab)?;
        let before = frames(&lab)?;
        let (received, sent) = wait::until("frames to pass", LIMIT, || {
            let change = since(&lab, &before).ok()?.into_iter();
            let (received, sent): (Vec<u64>, Vec<u64>) = change.unzip();
            (received.iter().sum::<u64>() > 400).then_some((received, sent))
        })?;
        println!("balance-alb of {members}: received {received:?}, sent {sent:?}");
        ensure!(is_spread(&received, 30), "received by member: {received:?}");
        ensure!(is_spread(&sent, 30), "sent by member: {sent:?}");
        ensure!(stations_of_the_box(&lab)? == stations, "a station moved");
        for member in 0..members {
            lab.cut(member)?;
            wait_for_macs(&clients, members - 1)?;
            lab.heal(member)?;
            wait_for_macs(&clients, members)?;
        }
        let (sent, lost, twice) = finish(pings)?;
        println!("balance-alb of {members}: {lost} of {sent} pings lost, {twice} came twice");
        ensure!(twice == 0, "{twice} came twice");
        let most = sent / 20;
        ensure!(lost <= most, "{lost} of {sent} lost in {members} cuts");
    }
    Ok(())
}

const VIRTUAL_MAC: &str = "00:00:5e:00:01:33";

/// By which members the switch has the virtual router.
fn places_of_the_router(lab: &Bonding) -> Vec<usize> {
    let stations = lab.stations().into_iter();
    let own = stations.filter(|(_, mac)| mac.to_string() == VIRTUAL_MAC);
    own.map(|(member, _)| member).collect()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_virtual_mac_is_behind_the_active_member_and_clients_know_no_other() -> Result<()> {
    let router = format!(
        "[vrrp.web]\ninterface = \"bond0\"\nvirtual_router_id = 51\nvirtual_ipaddress = [\"{VIP}\"]"
    );
    for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
        let lab = Bonding::raise(&binaries()?, mode, 2, &router)?;
        let numbers = (FIRST..).take(2 * CLIENTS);
        let clients: Vec<Namespace> = numbers
            .map(|number| lab.add_client(number))
            .collect::<Result<_>>()?;
        let address = VIP.to_string();
        let all_know = || -> Result<()> {
            for client in &clients {
                wait::until_ok(LIMIT, || {
                    let mut ping = client.command("ping");
                    run::output(ping.args(["-c", "1", "-W", "1", &address]))
                })?;
                let mac = known_by(client, &address)?;
                ensure!(mac == VIRTUAL_MAC, "{mode}: a client knows {mac}");
            }
            Ok(())
        };
        wait::until_ok(LIMIT, all_know)?;
        ensure!(places_of_the_router(&lab) == [0], "{mode}");
        lab.cut(0)?;
        wait::until_ok(LIMIT, || {
            let places = places_of_the_router(&lab);
            ensure!(places == [1], "{mode}: the router is at {places:?}");
            Ok(())
        })?;
        all_know()?;
        lab.heal(0)?;
        all_know()?;
        ensure!(
            places_of_the_router(&lab) == [1],
            "{mode}: nothing moves it back"
        );
    }
    Ok(())
}
