//! Point 1: connections, shares, and large bodies, for NAT and DR, IPv4 and IPv6.

use std::path::Path;

use anyhow::{Context, Result};
use tests::client::http::{Answer, Connection};
use tests::client::volley::Volley;
use tests::plan::{Scheduler, Vip};
use tests::real::{LARGE, LARGE_BYTES, content, sha256};

use super::{Stage, body_digest, rr_services};
use crate::report::Report;

const CONNECTIONS: u32 = 5000;
const CONCURRENCY: u32 = 64;
const UPLOAD_BYTES: usize = 1_000_000;

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let stage = Stage::raise(binaries)?;
    for vip in Vip::all() {
        volley(report, &stage, &vip)?;
    }
    for vip in rr_services() {
        large_bodies(report, &stage, &vip)?;
    }
    Ok(())
}

fn volley(report: &mut Report, stage: &Stage, vip: &Vip) -> Result<()> {
    let volley = Volley {
        target: vip.address(),
        connections: CONNECTIONS,
        concurrency: CONCURRENCY,
        sha256: body_digest(),
    };
    let outcome = stage.lab.client.run(volley.send())?;
    let name = vip.name();
    let (right, all) = (outcome.right(), right_bound());
    report.figure(
        &format!("{name}: bodies with the right SHA-256"),
        right,
        &all,
        right == CONNECTIONS,
    );
    report.none(
        &format!("{name}: failed connections"),
        outcome.failed.into(),
    );
    report.because(&outcome.reasons);
    let bound = match vip.scheduler {
        Scheduler::RoundRobin => 1.0,
        Scheduler::Maglev => 3.0,
    };
    let off = outcome.off_by(&vip.weights());
    let what = format!("{name}: share furthest from its weight, points");
    report.figure(
        &what,
        format!("{off:.2}"),
        &format!("<= {bound}"),
        off <= bound,
    );
    Ok(())
}

fn right_bound() -> String {
    format!("= {CONNECTIONS}")
}

fn large_bodies(report: &mut Report, stage: &Stage, vip: &Vip) -> Result<()> {
    let (target, name) = (vip.address(), vip.name());
    let upload = content(UPLOAD_BYTES);
    let (sent, wanted) = (sha256(&upload), sha256(&content(LARGE_BYTES)));
    let path = format!("/upload/{name}");
    let (download, uploaded): (Answer, Answer) = stage.lab.client.run(async move {
        let mut connection = Connection::open(target).await?;
        Ok((
            connection.get(LARGE).await?,
            connection.put(&path, upload.into()).await?,
        ))
    })?;
    let same = download.check(&wanted).is_ok();
    report.figure(
        &format!("{name}: 10 MB down, hashes"),
        verdict(same),
        "equal",
        same,
    );
    let reals = &stage.lab.reals;
    let real = reals.iter().find(|real| real.name() == uploaded.real);
    let arrived = real
        .context("an unknown real took the upload")?
        .uploaded(&name);
    let same = arrived == Some(sent);
    report.figure(
        &format!("{name}: 1 MB up, hashes"),
        verdict(same),
        "equal",
        same,
    );
    Ok(())
}

fn verdict(same: bool) -> &'static str {
    if same { "equal" } else { "different" }
}
