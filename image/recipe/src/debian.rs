//! The part of the image that comes from Debian. It changes only with the recipe, so that it is kept
//! between builds.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debs::Cache;
use crate::grub::Grub;
use crate::kernel::{self, Kernel};
use crate::packages::{Lock, Purpose, Wanted};
use crate::tools::Tools;
use crate::tree::Tree;
use crate::{initrd, licences, system};

/// Debian's part, ready for the disk.
#[derive(Debug)]
pub struct Debian {
    /// The kernel.
    pub kernel: Vec<u8>,
    /// The first half of the initramfs, compressed.
    pub initrd: Vec<u8>,
    /// GRUB for both firmwares.
    pub grub: Grub,
    /// What runs here and now.
    pub tools: Tools,
}

/// What is kept, by name.
const KERNEL: &str = "vmlinuz";
const INITRD: &str = "initrd";
const BOOT: &str = "boot.img";
const CORE: &str = "core.img";
const EFI: &str = "BOOTX64.EFI";
/// Written last: the sum of the recipe that the rest was made by.
const KEY: &str = "key";

impl Debian {
    /// As kept in `work` when the recipe still sums up to `key`, made anew otherwise.
    ///
    /// # Errors
    /// When a package cannot be had, or lacks what the recipe takes from it.
    pub fn get(recipe: &Path, work: &Path, key: &str) -> Result<Self> {
        let kept = work.join("debian");
        let is_kept = fs::read_to_string(kept.join(KEY)).is_ok_and(|there| there == key);
        let tools = work.join(Purpose::Tools.name());
        if is_kept && tools.is_dir() {
            return Self::load(&kept, Tools::at(&tools)?);
        }
        let made = Self::make(recipe, work)?;
        made.store(&kept, key)?;
        Ok(made)
    }

    fn make(recipe: &Path, work: &Path) -> Result<Self> {
        let wanted = Wanted::read(recipe)?;
        let lock = Lock::read(recipe)?;
        let cache = Cache::of_user()?;
        let unpacked = |purpose: Purpose| -> Result<PathBuf> {
            let folder = work.join(purpose.name());
            cache.unpack(&lock, purpose, &folder)?;
            Ok(folder)
        };
        let tools = Tools::at(&unpacked(Purpose::Tools)?)?;
        let kernel_root = unpacked(Purpose::Kernel)?;
        let kernel = Kernel::at(&kernel_root)?;
        let image_root = unpacked(Purpose::Image)?;
        let firmware_root = unpacked(Purpose::Firmware)?;

        let mut tree = Tree::default();
        system::skeleton(&mut tree)?;
        system::own_files(recipe, &mut tree)?;
        system::programs(&image_root, wanted.group(Purpose::Image), &mut tree)?;
        let list = system::text(recipe, "modules.list")?;
        let modules = kernel.modules(&list, &tools, work, &mut tree)?;
        kernel::firmware(&modules, &firmware_root, &tools, &mut tree)?;
        let roots = [
            (Purpose::Image, image_root.as_path()),
            (Purpose::Kernel, &kernel_root),
            (Purpose::Firmware, &firmware_root),
            (Purpose::Tools, tools.root()),
        ];
        for (purpose, root) in roots {
            licences::debian(lock.of(purpose), root, &mut tree)?;
        }
        system::check(&tree)?;
        Ok(Self {
            kernel: kernel.image()?,
            initrd: tools.zstd(&initrd::archive(&tree)?)?,
            grub: Grub::make(&tools, work)?,
            tools,
        })
    }

    fn parts(&self) -> [(&'static str, &[u8]); 5] {
        [
            (KERNEL, &self.kernel),
            (INITRD, &self.initrd),
            (BOOT, &self.grub.boot),
            (CORE, &self.grub.core),
            (EFI, &self.grub.efi),
        ]
    }

    fn store(&self, kept: &Path, key: &str) -> Result<()> {
        if kept.exists() {
            fs::remove_dir_all(kept).with_context(|| format!("emptying {}", kept.display()))?;
        }
        fs::create_dir_all(kept).with_context(|| format!("making {}", kept.display()))?;
        for (name, bytes) in self.parts().into_iter().chain([(KEY, key.as_bytes())]) {
            let file = kept.join(name);
            fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(())
    }

    fn load(kept: &Path, tools: Tools) -> Result<Self> {
        let read = |name: &str| {
            let file = kept.join(name);
            fs::read(&file).with_context(|| format!("reading {}", file.display()))
        };
        Ok(Self {
            kernel: read(KERNEL)?,
            initrd: read(INITRD)?,
            grub: Grub {
                boot: read(BOOT)?,
                core: read(CORE)?,
                efi: read(EFI)?,
            },
            tools,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_for_its_key_and_for_no_other() {
        let work = tempfile::tempdir().unwrap();
        let made = Debian {
            kernel: vec![1],
            initrd: vec![2, 2],
            grub: Grub {
                boot: vec![3],
                core: vec![4],
                efi: vec![5],
            },
            tools: Tools::at(work.path()).unwrap(),
        };
        made.store(&work.path().join("debian"), "one").unwrap();
        // There is no recipe here: whatever is not kept cannot be made either.
        let get = |key| Debian::get(work.path(), work.path(), key);
        assert!(get("one").is_err(), "the tools are not unpacked");
        fs::create_dir(work.path().join("tools")).unwrap();
        assert_eq!(get("one").unwrap().parts(), made.parts());
        assert!(get("two").is_err());
    }
}
