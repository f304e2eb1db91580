//! The disk image: `cargo xtask image`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use recipe::Options;

use crate::workspace;

/// Builds the image and says what it is.
pub fn run(out: Option<PathBuf>) -> Result<()> {
    let started = Instant::now();
    let image = recipe::build(&Options {
        workspace: workspace::metadata()?.workspace_root.into(),
        out,
    })?;
    println!("{}", image.path.display());
    println!("SHA-256  {}", image.sha256);
    println!(
        "slot     {}.{} MB",
        image.slot_bytes / 1_000_000,
        image.slot_bytes / 100_000 % 10
    );
    println!("took     {} s", started.elapsed().as_secs());
    Ok(())
}

/// Writes the lock file anew.
pub fn update_lock() -> Result<()> {
    let packages = recipe::update_lock(workspace::metadata()?.workspace_root.as_std_path())?;
    println!("packages.lock: {packages} packages");
    Ok(())
}
