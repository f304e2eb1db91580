//! `/data`: what outlives a start. A partition that is made at the first one, or memory with a notice.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::disk::BootDisk;
use crate::gpt::{Data, LABEL};
use crate::log::Log;
use crate::notice::Notices;
use crate::{mount, tool};

/// Where it is.
pub const TARGET: &str = "/data";

/// A file system of any size is made within this time.
pub const MAKING: Duration = Duration::from_secs(120);

/// A file system that is clean takes a moment; one that is not, as long as a disk takes to be read.
pub const CHECKING: Duration = Duration::from_secs(900);

const RESET: &str = "`request factory-reset` makes it anew, and empty";

/// Mounts the data partition, making it before where there is none, else memory. Returns whether the
/// data is there to stay.
pub fn open(disk: Option<&mut BootDisk>, log: &Log, notices: &mut Notices) -> bool {
    let opened = match disk {
        Some(disk) => partition(disk, log),
        None => Err("no disk with the boot partition FOURBOOT has been found".to_owned()),
    };
    let Err(why) = opened else {
        return true;
    };
    if let Err(e) = mount::data_in_memory(TARGET) {
        log.warn(&e.to_string());
    }
    let line = format!("{TARGET} is in memory, and what is configured is lost at a restart: {why}");
    notices.write("data", &line, log);
    false
}

fn partition(disk: &mut BootDisk, log: &Log) -> Result<(), String> {
    if disk
        .mend()
        .map_err(|e| format!("the partition table cannot be mended: {e}"))?
    {
        log.warn("the partition table was torn, and has been mended from its copy");
    }
    match disk.state() {
        Data::Missing => {
            disk.add_data()
                .map_err(|e| format!("the data partition cannot be made: {e}"))?;
            format(disk)?;
        }
        Data::New => format(disk)?,
        Data::There => check(disk, log)?,
    }
    let device = device(disk)?;
    mount::data(&device, TARGET).map_err(|e| format!("{e}; {RESET}"))
}

/// Gives the data partition an empty file system.
///
/// # Errors
/// A line that says why not.
pub fn format(disk: &mut BootDisk) -> Result<(), String> {
    let cannot = |e: io::Error| format!("the data partition cannot be formatted: {e}");
    disk.mark(Data::New).map_err(cannot)?;
    let device = device(disk)?;
    let arguments = ["-q", "-F", "-t", "ext4", "-L", LABEL, &device];
    let ended = tool::run("mke2fs", &arguments, MAKING).map_err(cannot)?;
    if ended.status != Some(0) {
        return Err(cannot(io::Error::other(ended.last_line)));
    }
    disk.mark(Data::There).map_err(cannot)
}

/// Mends what can be mended without losing anything.
fn check(disk: &BootDisk, log: &Log) -> Result<(), String> {
    let device = device(disk)?;
    let ended = tool::run("e2fsck", &["-p", &device], CHECKING).map_err(|e| e.to_string())?;
    match ended.status {
        Some(0) => Ok(()),
        // e2fsck(8): 1 errors corrected, 2 and the system should be rebooted, which is for a root.
        Some(1..=3) => {
            log.info(&format!("e2fsck: {}", ended.last_line));
            Ok(())
        }
        Some(_) | None => Err(format!(
            "the file system on {device} is damaged ({}); {RESET}",
            ended.last_line
        )),
    }
}

fn device(disk: &BootDisk) -> Result<String, String> {
    let device = disk
        .data()
        .and_then(|device| Some(device.to_str()?.to_owned()));
    device.ok_or_else(|| "the kernel does not see the data partition".to_owned())
}

/// Where the configuration is kept.
pub const CONFIG: &str = "/data/config/fourfold.toml";

/// A box whose data is in memory starts from what hostd has kept for it.
///
/// # Errors
/// What the kernel says.
pub fn rescue(from: &Path) -> io::Result<bool> {
    let config = Path::new(CONFIG);
    if config.exists() || !from.exists() {
        return Ok(false);
    }
    fs::copy(from, config)?;
    Ok(true)
}
