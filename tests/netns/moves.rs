//! Flows that move to a member that came back, from one whose way is longer.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bond::Mode;
use serde_json::Value;
use tests::appliance::binaries;
use tests::bonding::{BOND, Bonding, CLIENT, Count, LIMIT, Stream};
use tests::wait;

/// How much later a frame arrives by the slow member: later than the next one of its flow is sent.
const SLOW: Duration = Duration::from_millis(15);
const ROUNDS: usize = 5;
/// Rounds at most, those that a busy machine has spoilt among them.
const MOST: usize = 20;

fn bond(lab: &Bonding) -> Result<Value> {
    Ok(lab.appliance().show("bond")?["bond"][0].clone())
}

/// How many buckets of each member; how buckets have moved.
fn buckets(lab: &Bonding) -> Result<(Vec<u64>, Value)> {
    let bond = bond(lab)?;
    let members = bond["members"].as_array().cloned().unwrap_or_default();
    let counts = members.iter().filter_map(|m| m["buckets"].as_u64());
    Ok((counts.collect(), bond["moved"].clone()))
}

fn wait_for_shares(lab: &Bonding, shares: &[u64]) -> Result<()> {
    wait::until("the buckets to be shared out", LIMIT, || {
        let (counts, _) = buckets(lab).ok()?;
        (counts == shares).then_some(())
    })
}

/// Cuts the fast member, and has its flows move back to it in this part; whether they had their time: 50 ms
/// are over sooner than an answer comes where the machine is busy.
fn moves_back(lab: &Bonding, out: &Stream, part: usize) -> Result<bool> {
    lab.cut(1)?;
    wait_for_shares(lab, &[256, 0])?;
    let late = buckets(lab)?.1["late"].clone();
    out.pass(5)?;
    out.begin(part);
    out.pass(5)?;
    lab.heal(1)?;
    wait_for_shares(lab, &[64, 192])?;
    out.pass(10)?;
    out.begin(part + 1);
    out.pass(5)?;
    Ok(buckets(lab)?.1["late"] == late)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn flows_that_move_back_from_a_slow_member_are_not_reordered() -> Result<()> {
    let options = "lacp_rate = \"fast\"\nxmit_hash_policy = \"layer3+4\"\n\
                   member.eth1.weight = 1\nmember.eth2.weight = 3";
    let lab = Bonding::raise(&binaries()?, Mode::Ieee8023ad, 2, options)?;
    wait_for_shares(&lab, &[64, 192])?;
    lab.slow(0, SLOW)?;
    let out = Stream::start((&lab.boxed, BOND), (&lab.client, CLIENT))?;
    out.wait_for_arrivals()?;
    let mut in_time = Vec::new();
    let mut parts = (1..=2 * MOST).step_by(2);
    while in_time.len() < ROUNDS {
        let part = parts.next().context("the machine was busy all the time")?;
        if !moves_back(&lab, &out, part)? {
            println!("an answer took more than the 50 ms: once more");
        } else {
            in_time.push(part);
        }
    }
    let (_, moved) = buckets(&lab)?;
    let tally = out.finish()?;
    let counts = in_time.into_iter().map(|part| tally.of(part));
    let back = counts.fold(Count::default(), |all, one| all + one);
    println!("moved back {ROUNDS} times: {back}; buckets {moved}");
    ensure!(back.reordered == 0 && back.lost == 0, "{back}; {moved}");
    let of = |how: &str| moved[how].as_u64().unwrap_or_default();
    ensure!(of("answered") > 0 && of("held") > 0, "{moved}");
    Ok(())
}
