//! Point 9: a real server dies and comes back, then hangs: it accepts and never answers.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::client::load::Flood;
use tests::config::CHECK;
use tests::pair::Pair;
use tests::plan::{self, BOXES, CLIENT, Family, Subnet, Vip};
use tests::real::Hanging;

use super::observe;
use super::pair::{SLACK, load};
use crate::report::{Report, milliseconds};

/// The real that suffers.
const NUMBER: u8 = 2;
const NAME: &str = "r2";
const WATCHED: Duration = Duration::from_millis(1500);
const PATIENCE: Duration = Duration::from_secs(20);

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let mut pair = Pair::raise(binaries)?;
    // New connections only: those that a real has are its own business.
    let flood = load(&pair.lab.client, &Vip::all(), 200, 0)?;
    killed(report, &mut pair, &flood)?;
    back(report, &mut pair, &flood, "killed")?;
    hanging(report, &mut pair, &flood)?;
    back(report, &mut pair, &flood, "hung")?;
    flood.finish(&pair.lab.client).map(drop)
}

fn killed(report: &mut Report, pair: &mut Pair, flood: &Flood) -> Result<()> {
    flood.restart_tally();
    let at = pair.lab.reals[usize::from(NUMBER - 1)].kill()?;
    let window = CHECK.failure_window() + SLACK;
    observe(window);
    let last = flood.tally().last_failed;
    let last = last.context("no connection ever met the dead real")?;
    report.within(
        "killed: last connection that met it began after",
        last.saturating_duration_since(at),
        window,
    );
    none_later(report, flood, "killed");
    agreed(report, pair, "killed")
}

fn hanging(report: &mut Report, pair: &mut Pair, flood: &Flood) -> Result<()> {
    pair.lab.reals[usize::from(NUMBER - 1)].kill()?;
    let hanging = Hanging::start(pair.lab.real_namespace(NUMBER)?)?;
    let at = Instant::now();
    let window = CHECK.failure_window() + SLACK;
    observe(window + WATCHED);
    let clients = [Family::V4, Family::V6].into_iter().flat_map(|family| {
        [Subnet::A, Subnet::B].map(|subnet| plan::address(family, subnet, CLIENT))
    });
    let clients: Vec<_> = clients.collect();
    let last = hanging.last_of(&clients);
    let last = last.context("no connection ever reached the real that hangs")?;
    report.note(
        "hangs: connections that it accepted",
        hanging.count_of(&clients),
    );
    report.within(
        "hangs: last new connection that reached it, after",
        last.saturating_duration_since(at),
        window,
    );
    agreed(report, pair, "hangs")?;
    // Its end resets what it holds, so that nobody waits for it any more.
    drop(hanging);
    observe(Duration::from_millis(300));
    none_later(report, flood, "hangs");
    Ok(())
}

/// Both boxes say that exactly the checks of this real fail.
fn agreed(report: &mut Report, pair: &Pair, what: &str) -> Result<()> {
    let addresses = [Family::V4, Family::V6].map(|family| plan::real(family, NUMBER).to_string());
    for number in 1..=BOXES {
        let verdicts = pair.at(number).verdicts()?;
        let is_down = |(_, verdict): &&(String, String)| verdict == "down";
        let is_its = |(real, _): &&(String, String)| {
            let host = real
                .rsplit_once(':')
                .map_or(real.as_str(), |(host, _)| host);
            let host = host.trim_matches(['[', ']']);
            addresses.iter().any(|address| address == host)
        };
        let down = verdicts.iter().filter(is_down).count();
        let its = verdicts.iter().filter(is_its).count();
        let right = verdicts.iter().filter(is_its).filter(is_down).count();
        report.figure(
            &format!("{what}: checks that fail on box {number}"),
            down,
            &format!("= its {its}"),
            its > 0 && right == its && down == its,
        );
    }
    Ok(())
}

fn none_later(report: &mut Report, flood: &Flood, what: &str) {
    flood.restart_tally();
    observe(WATCHED);
    let tally = flood.tally();
    let reached = tally.per_real.get(NAME).copied().unwrap_or(0);
    report.none(
        &format!("{what}: connections that reached it later"),
        reached + tally.failed,
    );
    report.because(&tally.reasons);
    let others = tally.right() - reached;
    report.figure(
        &format!("{what}: right answers of the others later"),
        others,
        "> 100",
        others > 100,
    );
}

fn back(report: &mut Report, pair: &mut Pair, flood: &Flood, what: &str) -> Result<()> {
    flood.restart_tally();
    ensure!(
        !flood.tally().per_real.contains_key(NAME),
        "{NAME} answers while it is dead"
    );
    let at = pair.lab.reals[usize::from(NUMBER - 1)].start_again()?;
    tests::wait::until("the real's first answer", PATIENCE, || {
        flood.tally().per_real.contains_key(NAME).then_some(())
    })?;
    let took = at.elapsed();
    report.within(
        &format!("{what}: back, its first new connection answered after"),
        took,
        CHECK.success_window() + SLACK,
    );
    // One success less does not bring it back.
    let earliest = CHECK.interval * (CHECK.rise - 1);
    report.figure(
        &format!(
            "{what}: and not before the last of its {} successes",
            CHECK.rise
        ),
        milliseconds(took),
        &format!(">= {}", milliseconds(earliest)),
        took >= earliest,
    );
    for number in 1..=BOXES {
        pair.at(number).wait_for_health(PATIENCE)?;
    }
    report.none(
        &format!("{what}: failed requests on the way back"),
        flood.tally().failed,
    );
    Ok(())
}
