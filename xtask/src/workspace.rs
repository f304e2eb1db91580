//! The workspace as cargo sees it, and cargo itself.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};

/// The packages whose programs make an appliance.
const APPLIANCE: [&str; 8] = [
    "supervisor",
    "lvsd",
    "bondd",
    "hostd",
    "vrrpd",
    "healthd",
    "ctld",
    "console",
];

/// The workspace's own packages, without what they depend on.
pub fn metadata() -> Result<Metadata> {
    MetadataCommand::new()
        .no_deps()
        .exec()
        .context("reading the workspace's metadata")
}

/// A cargo command, run at the workspace's root.
pub fn cargo() -> Result<Command> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(metadata()?.workspace_root);
    Ok(command)
}

/// Builds the appliance's programs, optimised, and returns the directory they are in.
pub fn build_appliance() -> Result<PathBuf> {
    let mut build = cargo()?;
    build.args(["build", "--release"]);
    build.args(
        APPLIANCE
            .into_iter()
            .flat_map(|package| ["--package", package]),
    );
    let status = build.status().context("starting cargo")?;
    ensure!(
        status.success(),
        "building the appliance's programs ended with {status}"
    );
    Ok(metadata()?.target_directory.join("release").into())
}
