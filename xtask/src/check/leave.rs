//! Point 8: the active box is stopped in order under 5,000 requests, once for NAT and once for DR.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tests::client::load::{Flood, Tally};
use tests::drops;
use tests::pair::Pair;
use tests::plan::{Family, Method, Vip, other};

use super::pair::{load, maglev};
use crate::report::{Report, milliseconds};

const REQUESTS: u64 = 5000;
const MAY_BE_DELAYED: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let mut pair = Pair::raise(binaries)?;
    leave(report, &mut pair, Method::Nat, 1)?;
    pair.return_as_backup(1)?;
    pair.at(1).wait_for_health(PATIENCE)?;
    // Box 2 is Active for everything now.
    leave(report, &mut pair, Method::Dr, 2)
}

fn leave(report: &mut Report, pair: &mut Pair, method: Method, leaving: u8) -> Result<()> {
    let what = match method {
        Method::Nat => "NAT",
        Method::Dr => "DR",
    };
    let client = &pair.lab.client;
    let flood = load(client, &maglev(method), 400, 8)?;
    let rr = [Family::V4, Family::V6].map(|family| Vip::rr(method, family));
    let beside = load(client, &rr, 50, 4)?;
    flood.restart_tally();
    let heir = other(leaving);
    let dropped = drops::counts(pair.at(heir))?;
    until(&flood, REQUESTS / 2)?;
    let asked = pair.at_mut(leaving).stop_in_order()?;
    report.note(
        &format!("{what}: the box stopped within"),
        milliseconds(asked.elapsed()),
    );
    until(&flood, REQUESTS)?;
    let tally = flood.finish(&pair.lab.client)?;
    judge(report, what, &tally);
    let since = drops::counts(pair.at(heir))?;
    let risen = since.iter().filter_map(|(reason, count)| {
        let more = count - dropped.get(reason).unwrap_or(&0);
        (more > 0).then(|| format!("{reason} {more}"))
    });
    let risen: Vec<String> = risen.collect();
    report.note(
        &format!("{what}: the other box dropped or punted"),
        risen.join(", "),
    );
    let tally = beside.finish(&pair.lab.client)?;
    report.note(
        &format!("{what}, rr beside: right, failed, delayed"),
        format!("{}, {}, {}", tally.right(), tally.failed, tally.hindered),
    );
    Ok(())
}

fn until(flood: &Flood, requests: u64) -> Result<()> {
    tests::wait::until(&format!("{requests} requests"), PATIENCE, || {
        let tally = flood.tally();
        (tally.right() + tally.failed >= requests).then_some(())
    })
}

fn judge(report: &mut Report, what: &str, tally: &Tally) {
    let requests = tally.right() + tally.failed;
    report.figure(
        &format!("{what}: requests"),
        requests,
        &format!(">= {REQUESTS}"),
        requests >= REQUESTS,
    );
    report.none(&format!("{what}: failed requests"), tally.failed);
    report.because(&tally.reasons);
    report.figure(
        &format!("{what}: requests delayed by a retransmission"),
        tally.hindered,
        &format!("<= {MAY_BE_DELAYED}"),
        tally.hindered <= MAY_BE_DELAYED,
    );
    report.note(
        &format!("{what}: longest gap"),
        milliseconds(tally.longest_gap),
    );
    report.note(
        &format!("{what}: slowest request"),
        milliseconds(tally.slowest),
    );
}
