//! The disk image under test, and disks made of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::run;

/// The variable that names the image; `vmlinuz` and `initrd` lie beside it.
pub const IMAGE: &str = "FOURFOLD_IMAGE";

/// Bytes of a disk: larger than the image, as the disk of a box is.
const DISK: u64 = 1 << 30;

/// The image and the parts that QEMU can load by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The disk image as it is flashed.
    pub disk: PathBuf,
    /// The kernel in it.
    pub kernel: PathBuf,
    /// The initramfs in it.
    pub initrd: PathBuf,
}

impl Image {
    /// The image in the file `disk`, with `vmlinuz` and `initrd` beside it.
    pub fn new(disk: &Path) -> Self {
        Self {
            disk: disk.to_owned(),
            kernel: disk.with_file_name("vmlinuz"),
            initrd: disk.with_file_name("initrd"),
        }
    }

    /// The image that [`IMAGE`] names.
    pub fn from_environment() -> Result<Self> {
        let file = std::env::var_os(IMAGE)
            .with_context(|| format!("{IMAGE} is not set: run `cargo xtask test`"))?;
        let image = Self::new(Path::new(&file));
        ensure!(image.disk.is_file(), "{} is no file", image.disk.display());
        Ok(image)
    }

    /// Flashes the image onto a new disk, the file `disk`.
    pub fn flash(&self, disk: &Path) -> Result<()> {
        let mut copy = run::program("cp");
        copy.args(["--sparse=always", "--reflink=auto"]);
        run::output(copy.arg(&self.disk).arg(disk))?;
        let file = std::fs::File::options()
            .write(true)
            .open(disk)
            .with_context(|| format!("opening {}", disk.display()))?;
        file.set_len(DISK)
            .with_context(|| format!("growing {}", disk.display()))
    }
}
