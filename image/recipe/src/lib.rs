//! The image builder: Debian packages by a lock file and Fourfold's own programs become one disk
//! image that boots by BIOS and by UEFI. No root, no mounts; the same input gives the same bytes.

use std::path::PathBuf;

mod apt;
mod debian;
mod debs;
mod disk;
mod elf;
mod grub;
pub mod guest;
mod image;
mod initrd;
mod inputs;
mod kernel;
mod licences;
mod packages;
pub mod programs;
mod run;
mod system;
mod tools;
mod tree;
mod update;
mod volume;

pub use image::{build, update_lock};

/// What to build, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The workspace's root.
    pub workspace: PathBuf,
    /// A file that the image is copied to. It is built in the target directory's folder `image` as
    /// `disk.img`, with `vmlinuz` and `initrd` beside it.
    pub out: Option<PathBuf>,
    /// What cargo tells meanwhile.
    pub progress: Progress,
}

/// What cargo tells while it builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Every crate.
    Shown,
    /// Only what is wrong.
    Quiet,
}

/// An image that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The disk image.
    pub path: PathBuf,
    /// SHA-256 of the disk image, in hexadecimal.
    pub sha256: String,
    /// Size of a slot: kernel and initramfs, in bytes.
    pub slot_bytes: u64,
    /// The kernel, as in both slots.
    pub kernel: PathBuf,
    /// The initramfs, as in both slots.
    pub initrd: PathBuf,
}
