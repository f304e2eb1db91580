//! Point 5: every reason to drop is produced by a frame and read back.

use std::path::Path;

use anyhow::Result;
use tests::drops::{Scene, produce_all};

use super::Stage;
use crate::report::Report;

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let stage = Stage::raise(binaries)?;
    let scene = Scene::new(&stage.lab, &stage.appliance)?;
    for count in produce_all(&scene)? {
        let value = format!("{} -> {}", count.before, count.after);
        report.figure(&count.reason, value, "rises", count.fault.is_none());
        report.because(count.fault.as_slice());
    }
    Ok(())
}
