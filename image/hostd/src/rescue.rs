//! The rescue copy: the part of the running configuration that lets an operator in, on the boot partition,
//! for the day when the data partition is lost. The boot partition is mounted for that moment only.

mod partition;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use control::config::Config;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::notices::Notices;

/// Where the boot partition is mounted; a place of its own, since init has another.
const MOUNT: &str = "/run/fourfold-boot";

/// The copy's name there, and the notice's when it could not be written.
const FILE: &str = "rescue.toml";
const NOTICE: &str = "hostd-rescue";

/// What the boot partition's copy says, below `run`: init puts it there at every boot.
const KNOWN: &str = "rescue.toml";

/// Keeps the copy. Writing takes its time, and nobody waits for it.
#[derive(Debug)]
pub struct Rescue {
    latest: watch::Sender<String>,
    task: JoinHandle<()>,
}

impl Rescue {
    /// Of a box that starts with this configuration, and whose run directory is `run`. A copy that the power
    /// went before is written now.
    pub fn new(run: &Path, config: &Config, notices: Notices) -> Self {
        let known = run.join(KNOWN);
        let (latest, texts) = watch::channel(fs::read_to_string(&known).unwrap_or_default());
        let rescue = Self {
            latest,
            task: tokio::spawn(keep(texts, known, notices)),
        };
        rescue.take_up(config);
        rescue
    }

    /// Has the copy written, if these tables have changed.
    pub fn take_up(&self, config: &Config) {
        let text = text(config);
        self.latest.send_if_modified(|latest| {
            let is_new = *latest != text;
            *latest = text;
            is_new
        });
    }
}

impl Drop for Rescue {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Writes one text after another. What comes meanwhile waits, and of several the last.
async fn keep(mut texts: watch::Receiver<String>, known: PathBuf, notices: Notices) {
    while texts.changed().await.is_ok() {
        let text = texts.borrow_and_update().clone();
        let known = known.clone();
        let both = move || copy(&text).and_then(|()| fs::write(known, text));
        let written = match spawn_blocking(both).await {
            Ok(written) => written,
            Err(e) => Err(io::Error::other(e)),
        };
        match written {
            Ok(()) => {
                eprintln!("hostd: {FILE}: written to the boot partition");
                notices.set(NOTICE, None);
            }
            Err(e) => {
                eprintln!("hostd: {FILE}: {e}");
                let notice = format!("{FILE} on the boot partition is not what is configured: {e}");
                notices.set(NOTICE, Some(&notice));
            }
        }
    }
}

/// The tables that the copy has, in the canonical form.
fn text(config: &Config) -> String {
    let only = |empty: Config| Config {
        system: config.system.clone(),
        management: config.management.clone(),
        users: config.users.clone(),
        ..empty
    };
    // An empty configuration holds no fault.
    let empty = control::config::parse(FILE, "");
    empty.map_or_else(
        |_| String::new(),
        |empty| control::config::print(&only(empty)),
    )
}

/// Mounts, writes, unmounts.
fn copy(text: &str) -> io::Result<()> {
    let device = partition::boot()?;
    fs::create_dir_all(MOUNT)?;
    // As init mounts it, so that both can at the same time.
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_NOATIME;
    mount(
        Some(&device),
        MOUNT,
        Some("vfat"),
        flags,
        Some("umask=0077"),
    )
    .map_err(|e| io::Error::other(format!("{}: {e}", device.display())))?;
    let written = replace(Path::new(MOUNT), text);
    let unmounted = umount2(MOUNT, MntFlags::empty()).map_err(io::Error::from);
    written.and(unmounted)
}

/// The whole text or the one before, also after a power cut.
fn replace(dir: &Path, text: &str) -> io::Result<()> {
    let new = dir.join("rescue.new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, dir.join(FILE))?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
#[path = "tests/rescue.rs"]
mod tests;
