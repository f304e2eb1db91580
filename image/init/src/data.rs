//! `/data`: what outlives a start. A partition that is made at the first one, or memory with a notice.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::disk::BootDisk;
use crate::gpt::{Data, LABEL};
use crate::log::Log;
use crate::mount;
use crate::notice::Notices;
use crate::tool::{self, Ended};

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
        return Err(cannot(io::Error::other(ended.last_line())));
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
            log.info(&format!("e2fsck: {}", ended.last_line()));
            Ok(())
        }
        Some(_) | None => Err(format!(
            "the file system on {device} is damaged ({}); {RESET}",
            reason(&ended, &device)
        )),
    }
}

/// Why e2fsck gave up: its last line about the device or itself. What follows is advice for a shell.
fn reason<'a>(ended: &'a Ended, device: &str) -> &'a str {
    let about = |line: &&String| {
        let subject = line.split_once(": ").map(|(subject, _)| subject);
        subject.is_some_and(|subject| subject == device || subject.ends_with("e2fsck"))
    };
    let line = ended.lines.iter().rev().find(about);
    line.map_or(ended.last_line(), String::as_str)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn reason_of(lines: &[&str]) -> String {
        let ended = Ended {
            status: Some(8),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        reason(&ended, "/dev/vda3").to_owned()
    }

    #[test]
    fn the_reason_is_what_e2fsck_says_of_the_device_and_not_its_advice() {
        let of_itself = reason_of(&[
            "ext2fs_open2: Bad magic number in super-block",
            "/usr/sbin/e2fsck: Superblock invalid, trying backup blocks...",
            "/usr/sbin/e2fsck: Bad magic number in super-block while trying to open /dev/vda3",
            "/dev/vda3:",
            "The superblock could not be read or does not describe a valid ext2/ext3/ext4",
            "or",
            "e2fsck -b 32768 <device>",
        ]);
        let expected =
            "/usr/sbin/e2fsck: Bad magic number in super-block while trying to open /dev/vda3";
        assert_eq!(of_itself, expected);
        let of_the_device = reason_of(&[
            "/dev/vda3: Inode 12 has illegal block(s).",
            "/dev/vda3: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.",
            "(i.e., without -a or -p options)",
        ]);
        assert_eq!(
            of_the_device,
            "/dev/vda3: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY."
        );
    }

    #[test]
    fn without_such_a_line_the_last_one_is_the_reason() {
        assert_eq!(
            reason_of(&["one", "not done after 900 s"]),
            "not done after 900 s"
        );
        assert_eq!(reason_of(&[]), "");
    }
}
