//! Point 5: every reason to drop is produced by a frame and read back.

use std::path::Path;

use anyhow::{Context, Result};
use tests::drops::{IN_PROCESS, OF_ELECTIONS, Scene, produce_all};

use super::Stage;
use crate::report::Report;
use crate::workspace;

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let stage = Stage::raise(binaries)?;
    let scene = Scene::new(&stage.lab, &stage.appliance)?;
    for count in produce_all(&scene)? {
        let value = format!("{} -> {}", count.before, count.after);
        report.figure(&count.reason, value, "rises", count.fault.is_none());
        report.because(count.fault.as_slice());
    }
    let passed = workspace::cargo()?
        .args(["test", "--quiet", "--workspace", "--test", "sim"])
        .output()
        .context("starting cargo")?
        .status
        .success();
    let produced = if passed { IN_PROCESS.len() } else { 0 };
    let bound = format!("= {}", IN_PROCESS.len());
    report.figure(
        "reasons produced in one process, test `sim`",
        produced,
        &bound,
        passed,
    );
    report.note(
        "reasons that only tests of the elections produce",
        OF_ELECTIONS.join(", "),
    );
    Ok(())
}
