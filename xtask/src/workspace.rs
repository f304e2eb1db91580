//! The workspace as cargo sees it, and cargo itself.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

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

/// Builds the appliance's programs, the same that the image holds, and returns the directory they
/// are in.
pub fn build_appliance() -> Result<PathBuf> {
    recipe::programs::build(
        metadata()?.workspace_root.as_std_path(),
        recipe::Progress::Shown,
    )
}
