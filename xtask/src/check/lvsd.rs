//! Point 3: lvsd is killed under 1,000 open connections, then twice within a second.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::client::held::Held;
use tests::client::pulse::Pulse;
use tests::namespace::Process;
use tests::plan::Vip;

use super::{Stage, body_digest, observe, rr_services};
use crate::report::{Report, milliseconds};

const HELD: usize = 1000;
/// More than the beats of the longest outage that is allowed.
const PULSE: usize = 400;
const ADOPTED_BOUND: Duration = Duration::from_millis(200);
const COLD_BOUND: Duration = Duration::from_secs(1);
const SUCCESSOR_BOUND: Duration = Duration::from_secs(10);

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let stage = Stage::raise(binaries)?;
    let every: Vec<_> = Vip::all().iter().map(Vip::address).collect();
    let mut held = Held::open(&stage.lab.client, &every, HELD, &body_digest())?;
    let resets = stage.resets()?;
    let monitor = stage.lab.switch.monitor()?;

    let (outage, first) = outage(
        &stage,
        Pulse::start(&stage.lab.client, &pulsed(), PULSE)?,
        || Ok(vec![stage.appliance.kill("lvsd")?]),
    )?;
    report.within(
        "adopted: first frame forwarded after SIGKILL",
        outage,
        ADOPTED_BOUND,
    );
    continues(report, &stage, &mut held, "adopted")?;
    report.none(
        "adopted: resets seen by client and reals",
        stage.resets()? - resets,
    );

    // A cold start knows no connection of before, so that only new ones can tell when it is over.
    let pulse = Pulse::start_anew(&stage.lab.client, &pulsed())?;
    let (outage, second) = self::outage(&stage, pulse, || twice(&stage))?;
    report.within(
        "cold: first frame forwarded after the second SIGKILL",
        outage,
        COLD_BOUND,
    );
    let seen = monitor.finish()?;
    report.figure(
        "the switch saw a member or the LAG leave",
        verdict(!seen.none()),
        "never",
        seen.none(),
    );
    report.note("times the switch was asked", seen.samples);
    report.because(&seen.missing);
    report.because(&seen.logged);
    let survivors = held.each_continues(&stage.lab.client)?;
    report.note(
        "cold: connections that went on with their real",
        survivors.same,
    );
    ensure!(first.pid != second.pid, "the second lvsd is the first");
    Ok(())
}

/// Kills by `kill` under a pulse; how long after the last SIGKILL the first answer came to a
/// request that was sent after it, and the process that runs then.
fn outage(
    stage: &Stage,
    pulse: Pulse,
    kill: impl FnOnce() -> Result<Vec<(Instant, Process)>>,
) -> Result<(Duration, Process)> {
    observe(Duration::from_millis(300));
    let (at, killed) = kill()?.pop().context("nothing was killed")?;
    let successor = stage
        .appliance
        .wait_for_successor(&killed, SUCCESSOR_BOUND)?;
    observe(Duration::from_secs(2));
    let beats = pulse.finish(&stage.lab.client)?;
    let outage = beats.first_answer_after(at);
    let (sent, unanswered) = beats.count();
    let outage = outage.with_context(|| format!("{unanswered} of {sent} beats had no answer"))?;
    Ok((outage, successor))
}

fn pulsed() -> Vec<SocketAddr> {
    rr_services().iter().map(Vip::address).collect()
}

/// Two deaths within a second.
fn twice(stage: &Stage) -> Result<Vec<(Instant, Process)>> {
    let first = stage.appliance.kill("lvsd")?;
    stage
        .appliance
        .wait_for_successor(&first.1, SUCCESSOR_BOUND)?;
    // Let it take up its work: a kill before that would prove less.
    observe(Duration::from_millis(300));
    let second = stage.appliance.kill("lvsd")?;
    let apart = second.0 - first.0;
    ensure!(
        apart < Duration::from_secs(1),
        "the kills were {} apart",
        milliseconds(apart)
    );
    Ok(vec![first, second])
}

fn continues(report: &mut Report, stage: &Stage, held: &mut Held, what: &str) -> Result<()> {
    let continued = held.each_continues(&stage.lab.client)?;
    let what = format!("{what}: connections that went on with their real");
    report.figure(
        &what,
        continued.same,
        &format!("= {HELD}"),
        continued.all(HELD),
    );
    report.because(&continued.reasons);
    Ok(())
}

fn verdict(left: bool) -> &'static str {
    if left { "yes" } else { "never" }
}
