//! The boot volume: FAT32, with GRUB's files and the two slots.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::disk::{BOOT, SECTOR_BYTES};
use crate::run;
use crate::tools::Tools;

/// How init and an operator find the volume.
const LABEL: &str = "FOURBOOT";

/// The same for every image, so that every image is the same.
const SERIAL_NUMBER: &str = "4F555234";

/// A cluster of 2 KiB: FAT32 wants 65 525 clusters, and larger ones would not make as many.
const CLUSTER_SECTORS: &str = "4";

/// When every file was last changed, in seconds since 1970: 2000-01-01. FAT knows no time before 1980.
const EPOCH: &str = "946684800";

/// A file of the volume.
#[derive(Clone, Debug)]
pub struct BootFile {
    /// Its path on the volume.
    pub path: &'static str,
    /// Where its content is.
    pub source: PathBuf,
}

/// Makes the volume on the disk's second partition and puts the files on it.
///
/// # Errors
/// When a tool fails, for instance because the files do not fit.
pub fn write(disk: &Path, files: &[BootFile], tools: &Tools) -> Result<()> {
    let mut format = tools.command("sbin/mkfs.fat", "mkfs.fat");
    format.args(["--invariant", "-F", "32", "-s", CLUSTER_SECTORS]);
    format.args(["-n", LABEL, "-i", SERIAL_NUMBER]);
    format.args(["--offset", &BOOT.first.to_string()]);
    format
        .arg(disk)
        .arg((BOOT.sectors * SECTOR_BYTES / 1024).to_string());
    run::output(&mut format).context("making the boot volume")?;
    let volume = Volume { disk, tools };
    for BootFile { path, source } in files {
        for (at, _) in path.match_indices('/') {
            let (folder, _) = path.split_at(at);
            if !volume.has(folder) {
                run::output(volume.command("mmd").arg(format!("::{folder}")))
                    .with_context(|| format!("/{folder} on the boot volume"))?;
            }
        }
        let mut copy = volume.command("mcopy");
        run::output(copy.arg(source).arg(format!("::{path}")))
            .with_context(|| format!("/{path} on the boot volume"))?;
    }
    Ok(())
}

#[derive(Debug)]
struct Volume<'here> {
    disk: &'here Path,
    tools: &'here Tools,
}

impl Volume<'_> {
    fn command(&self, name: &str) -> Command {
        let mut command = self.tools.command("usr/bin/mtools", name);
        command.env("SOURCE_DATE_EPOCH", EPOCH).env("TZ", "UTC");
        // The machine's own settings are not the image's.
        command.env("MTOOLSRC", "/dev/null");
        let start = BOOT.first * SECTOR_BYTES;
        command.arg("-i");
        command.arg(format!("{}@@{start}", self.disk.display()));
        command
    }

    fn has(&self, folder: &str) -> bool {
        run::output(self.command("mdir").arg(format!("::{folder}"))).is_ok()
    }
}
