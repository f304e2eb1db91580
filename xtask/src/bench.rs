//! The benchmarks: `cargo xtask bench`.

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Runs them; one JSON object on standard output when `json`, else tables.
pub fn run(json: bool) -> Result<()> {
    let mut command = workspace::cargo()?;
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "lvs",
        "--example",
        "bench",
        "--",
    ]);
    command.args(json.then_some("--json"));
    let status = command.status().context("starting cargo")?;
    ensure!(status.success(), "the benchmark ended with {status}");
    Ok(())
}
