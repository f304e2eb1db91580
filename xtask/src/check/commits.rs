//! Point 11: commits under load, and commits that must change nothing.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use tests::appliance::{Appliance, Said};
use tests::client::Client;
use tests::client::http::Connection;
use tests::config::{EXTRA, Variant, extra_address};
use tests::pair::Pair;
use tests::plan::Method;
use tests::real::BODY;

use super::observe;
use super::pair::{load, services_of, undisturbed};
use crate::report::{Report, milliseconds};

/// The box that is Active for the service that comes and goes.
const BOX: u8 = 1;
const COMMITS: u32 = 50;
const WITHIN: Duration = Duration::from_secs(60);
/// From the beginning of one commit to that of the next: each is to run for a while.
const PERIOD: Duration = Duration::from_secs(1);
/// A port that somebody else has.
const TAKEN: &str = "127.0.0.1:9106";

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let pair = Pair::raise(binaries)?;
    let flood = load(&pair.lab.client, &services_of(Method::Nat), 200, 16)?;
    fifty(report, &pair)?;
    undisturbed(report, "the other services", &flood);
    flood.restart_tally();
    refusals(report, &pair)?;
    undisturbed(report, "refused commits", &flood);
    flood.finish(&pair.lab.client).map(drop)
}

/// Every second commit adds the service and turns the weights round, the others take both back.
fn variant(number: u32) -> Variant {
    let changed = number % 2 == 1;
    Variant {
        weights: if changed { [1, 3, 5] } else { [5, 3, 1] },
        extra: changed,
        ..Variant::new(BOX)
    }
}

fn fifty(report: &mut Report, pair: &Pair) -> Result<()> {
    let (appliance, began) = (pair.at(BOX), Instant::now());
    let (mut made, mut answered, mut slowest) = (0_u32, 0_u32, Duration::ZERO);
    let mut faults = Vec::new();
    for number in 1..=COMMITS {
        let variant = variant(number);
        let said = appliance.commit(&variant.text())?;
        slowest = slowest.max(said.took);
        made += u32::from(said.status == 0);
        if said.status != 0 {
            faults.extend(said.lines);
        }
        answered += u32::from(is_answered(&pair.lab.client)? == variant.extra);
        let next = PERIOD * number;
        observe(next.saturating_sub(began.elapsed()));
    }
    let elapsed = began.elapsed();
    let all = format!("= {COMMITS}");
    report.figure("commits that were made", made, &all, made == COMMITS);
    report.because(&faults.into_iter().take(5).collect::<Vec<_>>());
    report.within("all of them within", elapsed, WITHIN);
    report.note("the slowest commit", milliseconds(slowest));
    report.figure(
        &format!("commits after which {EXTRA} answered, or not, as committed"),
        answered,
        &all,
        answered == COMMITS,
    );
    Ok(())
}

fn is_answered(client: &Client) -> Result<bool> {
    client.run(async move {
        let asked = async { Connection::open(extra_address()).await?.get(BODY).await };
        Ok(asked.await.is_ok_and(|answer| answer.status == 200))
    })
}

fn refusals(report: &mut Report, pair: &Pair) -> Result<()> {
    let appliance = pair.at(BOX);
    let good = variant(1).text();
    let faulty = good.replace("lacp_rate", "lacp_speed");
    refused(report, appliance, "unknown key", 2, &["lacp_speed"], || {
        appliance.commit(&faulty)
    })?;

    let missing = good.replace("\"eth2\"", "\"eth9\"");
    let commit = || appliance.commit(&missing);
    refused(
        report,
        appliance,
        "missing NIC",
        1,
        &["refused", "eth9"],
        commit,
    )?;

    let _holder = pair
        .lab
        .place(BOX)?
        .namespace
        .inside(|| TcpListener::bind(TAKEN).with_context(|| format!("listening at {TAKEN}")))?;
    let taken = Variant {
        metrics: TAKEN.to_owned(),
        ..variant(1)
    };
    let commit = || appliance.commit(&taken.text());
    refused(
        report,
        appliance,
        "metrics on a port in use",
        1,
        &["ctld", TAKEN],
        commit,
    )?;

    let commit = || {
        appliance.signal("healthd", Signal::SIGSTOP)?;
        let said = appliance.commit(&good);
        appliance.signal("healthd", Signal::SIGCONT)?;
        said
    };
    refused(
        report,
        appliance,
        "a daemon that does not vote",
        1,
        &["healthd"],
        commit,
    )?;
    // Nobody is left with a vote that was never used.
    let said = appliance.commit(&good)?;
    report.figure(
        "the next good commit: exit status",
        said.status,
        "= 0",
        said.status == 0,
    );
    report.because(&said.lines);
    Ok(())
}

/// A commit that must end with `status` and a line that names all of `names`, and change nothing.
fn refused(
    report: &mut Report,
    appliance: &Appliance,
    what: &str,
    status: i32,
    names: &[&str],
    commit: impl FnOnce() -> Result<Said>,
) -> Result<()> {
    let before = running(appliance)?;
    let said = commit()?;
    report.figure(
        &format!("{what}: exit status"),
        said.status,
        &format!("= {status}"),
        said.status == status,
    );
    let is_reason = |line: &&String| names.iter().all(|name| line.contains(name));
    let reasons = said.lines.iter().filter(is_reason).count();
    report.figure(
        &format!("{what}: lines that name it"),
        reasons,
        ">= 1",
        reasons > 0,
    );
    report.because(&said.lines);
    let untouched = running(appliance)? == before;
    report.figure(
        &format!("{what}: the running configuration"),
        if untouched { "untouched" } else { "changed" },
        "untouched",
        untouched,
    );
    Ok(())
}

/// What is on disk, what ctld says, and what lvsd has.
fn running(appliance: &Appliance) -> Result<[String; 3]> {
    let services = appliance.show("service")?;
    let reals = services["service"]
        .as_array()
        .context("no services")?
        .iter();
    let weights = reals.map(|service| {
        let reals = service["reals"].as_array().into_iter().flatten();
        let weights: Vec<String> = reals
            .map(|real| format!("{} {}", real["address"], real["weight"]))
            .collect();
        format!("{} {}\n", service["name"], weights.join(", "))
    });
    Ok([
        appliance.file_text()?,
        appliance.configuration()?,
        weights.collect(),
    ])
}
