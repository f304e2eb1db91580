//! The disk image: `cargo xtask image`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use recipe::{Image, Options, Progress};
use tests::run;

use crate::workspace;

/// Builds the image and says what it is. It is in the target directory, and `out` a copy of it.
pub fn build(out: Option<PathBuf>, progress: Progress) -> Result<Image> {
    let started = Instant::now();
    let image = recipe::build(&Options {
        workspace: workspace::metadata()?.workspace_root.into(),
        out,
        progress,
    })?;
    println!("{}", image.path.display());
    println!("SHA-256  {}", image.sha256);
    println!(
        "slot     {}.{} MB",
        image.slot_bytes / 1_000_000,
        image.slot_bytes / 100_000 % 10
    );
    println!("took     {} s", started.elapsed().as_secs());
    Ok(image)
}

/// Builds the image a second time, of a copy of the sources in another directory, from nothing; whether the
/// bytes are the same as those of `first`.
pub fn again(first: &Image) -> Result<()> {
    let metadata = workspace::metadata()?;
    let copy: PathBuf = metadata.target_directory.join("image-again").into();
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| format!("removing {}", copy.display()))?;
    }
    copy_sources(metadata.workspace_root.as_std_path(), &copy)?;
    let second = recipe::build(&Options {
        workspace: copy.clone(),
        out: None,
        progress: Progress::Quiet,
    })?;
    ensure!(
        second.sha256 == first.sha256,
        "two builds in two directories differ: {} and {}",
        first.path.display(),
        second.path.display()
    );
    fs::remove_dir_all(&copy).with_context(|| format!("removing {}", copy.display()))
}

/// What git knows of the tree, and what is new in it and not ignored.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    let mut list = run::program("git");
    list.current_dir(from);
    let files = run::output(list.args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    for file in files.lines() {
        let (source, target) = (from.join(file), to.join(file));
        if !source.is_file() {
            continue; // deleted, and git has not been told yet
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        fs::copy(&source, &target).with_context(|| format!("copying {}", source.display()))?;
    }
    Ok(())
}

/// Writes the lock file anew.
pub fn update_lock() -> Result<()> {
    let packages = recipe::update_lock(workspace::metadata()?.workspace_root.as_std_path())?;
    println!("packages.lock: {packages} packages");
    Ok(())
}

/// Builds the tests' guest and returns the folder that it is in.
pub fn guest() -> Result<PathBuf> {
    recipe::guest::build(workspace::metadata()?.workspace_root.as_std_path())
}
