//! File systems of the running system.

use std::fs;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// What to mount where.
struct Mount {
    source: &'static str,
    target: &'static str,
    kind: &'static str,
    flags: MsFlags,
    options: &'static str,
}

const NOTHING: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);

/// What a file system is mounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A power cut finds it as it was.
    Read,
    /// To be as short as can be.
    Write,
}

/// In this order: what the watchdog needs comes first.
const SYSTEM: [Mount; 8] = [
    Mount::new("devtmpfs", "/dev", MsFlags::MS_NOSUID, "mode=0755"),
    Mount::new("proc", "/proc", NOTHING, ""),
    Mount::new("sysfs", "/sys", NOTHING, ""),
    Mount::new(
        "devpts",
        "/dev/pts",
        MsFlags::MS_NOSUID.union(MsFlags::MS_NOEXEC),
        "mode=0620,ptmxmode=0666",
    ),
    Mount::new("tmpfs", "/run", NOTHING, "mode=0755"),
    Mount::new("tmpfs", "/tmp", NOTHING, "mode=1777"),
    Mount::new("cgroup2", "/sys/fs/cgroup", NOTHING, ""),
    Mount::new("bpf", "/sys/fs/bpf", NOTHING, "mode=0700"),
];

impl Mount {
    const fn new(
        kind: &'static str,
        target: &'static str,
        flags: MsFlags,
        options: &'static str,
    ) -> Self {
        Self {
            source: kind,
            target,
            kind,
            flags,
            options,
        }
    }
}

/// Mounts what every Linux has. Returns a line for each that cannot be: init goes on with what there is.
pub fn system() -> Vec<String> {
    SYSTEM
        .iter()
        .filter_map(|one| {
            let mounted = at(one.source, one.target, one.kind, one.flags, one.options);
            mounted.err().map(|e| e.to_string())
        })
        .collect()
}

/// The data partition `device` on `target`.
///
/// # Errors
/// What the kernel says.
pub fn data(device: &str, target: &str) -> io::Result<()> {
    let flags = NOTHING.union(MsFlags::MS_NOATIME);
    at(device, target, "ext4", flags, "data=ordered,commit=1")
}

/// A memory that stands in for the data partition.
///
/// # Errors
/// What the kernel says.
pub fn data_in_memory(target: &str) -> io::Result<()> {
    at("tmpfs", target, "tmpfs", NOTHING, "mode=0755,size=128m")
}

/// The boot partition `device` on `target`, where only root sees it; to be read only, or written, too.
///
/// # Errors
/// What the kernel says; `ResourceBusy` while it is mounted elsewhere in another way.
pub fn boot(device: &str, target: &str, access: Access) -> io::Result<()> {
    let flags = NOTHING.union(MsFlags::MS_NOATIME).union(match access {
        Access::Read => MsFlags::MS_RDONLY,
        Access::Write => MsFlags::empty(),
    });
    at(device, target, "vfat", flags, "umask=0077")
}

/// Takes `target` away.
///
/// # Errors
/// `ResourceBusy` while somebody has a file open there.
pub fn unmount(target: &str) -> io::Result<()> {
    Ok(umount2(target, MntFlags::empty())?)
}

/// Nothing more is written below `target`, also where it cannot be taken away.
///
/// # Errors
/// `ResourceBusy` while a file is open for writing there.
pub fn make_read_only(target: &str) -> io::Result<()> {
    let flags = MsFlags::MS_REMOUNT.union(MsFlags::MS_RDONLY);
    let none = None::<&str>;
    Ok(mount(none, target, none, flags, none)?)
}

fn at(source: &str, target: &str, kind: &str, flags: MsFlags, options: &str) -> io::Result<()> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{kind} on {target}: {e}"));
    fs::create_dir_all(Path::new(target)).map_err(named)?;
    match mount(Some(source), target, Some(kind), flags, Some(options)) {
        // The kernel may have mounted it itself.
        Ok(()) => Ok(()),
        Err(Errno::EBUSY) if source == kind => Ok(()),
        Err(e) => Err(named(e.into())),
    }
}
