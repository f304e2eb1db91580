//! Where links and maps are pinned, so that they outlive every process.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};

use crate::error::{Context, Result};

/// What the names of pins end with.
pub(super) const PIN_KINDS: [&str; 2] = ["-link", "-map"];

/// A directory on a bpffs.
#[derive(Clone, Debug)]
pub struct PinDir {
    path: PathBuf,
}

impl PinDir {
    /// Opens `path`, makes it when it is missing, and mounts a bpffs there when it is on none.
    ///
    /// # Errors
    /// When it cannot be made or mounted: mounting wants CAP_SYS_ADMIN.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        fs::create_dir_all(&path).context(|| format!("make {}", path.display()))?;
        let kind = statfs(&path).context(|| format!("look at {}", path.display()))?;
        if kind.filesystem_type() != BPF_FS_MAGIC {
            mount(
                Some("bpf"),
                &path,
                Some("bpf"),
                MsFlags::empty(),
                Some("mode=0700"),
            )
            .context(|| format!("mount a bpffs at {}", path.display()))?;
        }
        Ok(Self { path })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the directory with all its pins, and the bpffs where it is the root of one.
    ///
    /// # Errors
    /// When it cannot be unmounted or removed.
    pub fn remove(self) -> Result<()> {
        let operation = || format!("remove {}", self.path.display());
        for entry in fs::read_dir(&self.path).context(operation)? {
            let path = entry.context(operation)?.path();
            // The kernel has files of its own at the root of a bpffs, which nobody can remove.
            let name = path.as_os_str().as_bytes();
            if PIN_KINDS.iter().any(|kind| name.ends_with(kind.as_bytes())) {
                fs::remove_file(path).context(operation)?;
            }
        }
        if self.is_mount().context(operation)? {
            // Also when a process that is just being started has a descriptor there still.
            umount2(&self.path, MntFlags::MNT_DETACH).context(operation)?;
        }
        fs::remove_dir(&self.path).context(operation)
    }

    fn is_mount(&self) -> io::Result<bool> {
        let parent = self.path.join("..");
        Ok(fs::metadata(&self.path)?.dev() != fs::metadata(parent)?.dev())
    }
}
