//! Point 2: one of the two members is cut under load, with carrier loss and silently.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tests::cable::Cable;
use tests::client::load::Tally;
use tests::lab::SWITCH_PORTS;
use tests::namespace::Frames;

use super::{Stage, observe};
use crate::report::{Report, milliseconds};

const CARRIER_BOUND: Duration = Duration::from_millis(250);
/// Three seconds without a PDU at the fast rate, and half a second to react.
const SILENT_BOUND: Duration = Duration::from_millis(3500);
const NEW_CONNECTIONS_PER_SECOND: u32 = 100;
const KEPT_CONNECTIONS: u32 = 20;

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let stage = Stage::raise(binaries)?;
    let carrier = cut(&stage, Cable::cut_carrier, Duration::from_secs(4))?;
    judge(report, "carrier loss", &carrier, CARRIER_BOUND);
    heal(report, &stage)?;
    let silent = cut(&stage, Cable::cut_silently, Duration::from_secs(8))?;
    judge(report, "silent cut", &silent, SILENT_BOUND);
    let late = silent.hindered.unwrap_or_default();
    report.within(
        "silent cut: last request that had to wait, after",
        late,
        SILENT_BOUND,
    );
    Ok(())
}

struct Cut {
    tally: Tally,
    /// How long after the cut the last request began that a lost frame held up.
    hindered: Option<Duration>,
    /// What the cut member and the other one carried after the cut.
    cut_member: u64,
    other_member: Frames,
}

fn cut(stage: &Stage, how: fn(&Cable) -> Result<()>, length: Duration) -> Result<Cut> {
    let namespace = stage.lab.switch_namespace();
    let [cut_port, other_port] = SWITCH_PORTS;
    let flood = stage.load(NEW_CONNECTIONS_PER_SECOND, KEPT_CONNECTIONS)?;
    how(&stage.lab.cables()[0])?;
    let at = Instant::now();
    let before = (namespace.frames(cut_port)?, namespace.frames(other_port)?);
    observe(length);
    let after = (namespace.frames(cut_port)?, namespace.frames(other_port)?);
    let tally = flood.finish(&stage.lab.client)?;
    Ok(Cut {
        hindered: tally
            .last_hindered
            .map(|asked| asked.saturating_duration_since(at)),
        tally,
        cut_member: after.0.received - before.0.received,
        other_member: Frames {
            received: after.1.received - before.1.received,
            sent: after.1.sent - before.1.sent,
        },
    })
}

fn judge(report: &mut Report, what: &str, cut: &Cut, bound: Duration) {
    report.within(
        &format!("{what}: longest gap"),
        cut.tally.longest_gap,
        bound,
    );
    report.none(&format!("{what}: failed requests"), cut.tally.failed);
    report.because(&cut.tally.reasons);
    report.note(&format!("{what}: right answers"), cut.tally.right());
    report.note(
        &format!("{what}: slowest request"),
        milliseconds(cut.tally.slowest),
    );
    let frames = cut.other_member;
    let what_in = format!("{what}: frames from the other member");
    report.figure(&what_in, frames.received, "> 1000", frames.received > 1000);
    let what_out = format!("{what}: frames to the other member");
    report.figure(&what_out, frames.sent, "> 1000", frames.sent > 1000);
    report.none(
        &format!("{what}: frames from the member that was cut"),
        cut.cut_member,
    );
}

/// The member comes back under load.
fn heal(report: &mut Report, stage: &Stage) -> Result<()> {
    let flood = stage.load(NEW_CONNECTIONS_PER_SECOND, KEPT_CONNECTIONS)?;
    stage.lab.cables()[0].heal()?;
    let healed = Instant::now();
    stage.lab.wait_for_bond()?;
    report.note(
        "healed: the switch aggregates again after",
        milliseconds(healed.elapsed()),
    );
    let tally = flood.finish(&stage.lab.client)?;
    report.none("healed: failed requests", tally.failed);
    report.because(&tally.reasons);
    Ok(())
}
