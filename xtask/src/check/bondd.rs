//! Point 4: bondd is killed and started again at the fast rate, and the switch notices nothing.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::{Stage, observe};
use crate::report::{Report, milliseconds};

/// Twice the partner's timeout at the fast rate, and more.
const WATCHED: Duration = Duration::from_secs(8);

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let stage = Stage::raise(binaries)?;
    let flood = stage.load(50, 8)?;
    let monitor = stage.lab.switch.monitor()?;
    let (at, killed) = stage.appliance.kill("bondd")?;
    stage
        .appliance
        .wait_for_successor(&killed, Duration::from_secs(5))?;
    report.note("a new bondd runs after", milliseconds(at.elapsed()));
    observe(WATCHED);
    let seen = monitor.finish()?;
    let said = if seen.none() { "never" } else { "yes" };
    report.figure(
        "the switch saw a member or the LAG leave",
        said,
        "never",
        seen.none(),
    );
    report.note("times the switch was asked", seen.samples);
    report.because(&seen.missing);
    report.because(&seen.logged);
    let tally = flood.finish(&stage.lab.client)?;
    report.none("failed requests meanwhile", tally.failed);
    report.because(&tally.reasons);
    report.note("longest gap meanwhile", milliseconds(tally.longest_gap));
    Ok(())
}
