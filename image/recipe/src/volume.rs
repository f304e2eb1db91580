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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::debs::Cache;
    use crate::grub::Grub;
    use crate::packages::{Lock, Purpose};

    /// A disk with a small kernel and a grubenv, made in a folder of its own.
    fn disk(tools: &Tools, folder: &Path) -> PathBuf {
        let disk = folder.join("disk.img");
        let grub = Grub {
            boot: vec![0; 512],
            core: vec![0; 1024],
            efi: Vec::new(),
        };
        crate::disk::write(&disk, &grub).unwrap();
        let file = |path, name: &str, bytes: &[u8]| {
            let source = folder.join(name);
            fs::write(&source, bytes).unwrap();
            BootFile { path, source }
        };
        let files = [
            file("EFI/BOOT/BOOTX64.EFI", "efi", b"e"),
            file("a/vmlinuz", "kernel", &[9; 5000]),
            file("b/vmlinuz", "kernel", &[9; 5000]),
            file("grub/grubenv", "environment", &[b'#'; 1024]),
        ];
        write(&disk, &files, tools).unwrap();
        disk
    }

    #[test]
    #[ignore = "fetches the tools of the lock file from Debian's archive"]
    fn a_volume_is_the_same_from_every_folder_a_clean_fat32_and_gives_its_files_back() {
        let room = tempfile::tempdir().unwrap();
        let lock = Lock::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let root = room.path().join("tools");
        let cache = Cache::of_user().unwrap();
        cache.unpack(&lock, Purpose::Tools, &root).unwrap();
        let tools = Tools::at(&root).unwrap();
        let folders = ["one", "another"].map(|name| room.path().join(name));
        folders
            .iter()
            .for_each(|folder| fs::create_dir(folder).unwrap());
        let [one, another] = folders.map(|folder| disk(&tools, &folder));
        assert!(fs::read(&one).unwrap() == fs::read(&another).unwrap());

        let bytes = fs::read(&one).unwrap();
        let volume = &bytes[4096 * 512..][..256 << 20];
        // Bytes per sector, sectors per cluster; label; what it says it is.
        assert_eq!(volume[11..14], [0, 2, 4]);
        assert_eq!(&volume[71..82], b"FOURBOOT   ");
        assert_eq!(&volume[82..90], b"FAT32   ");
        let alone = room.path().join("volume");
        fs::write(&alone, volume).unwrap();
        let mut check = tools.command("sbin/fsck.fat", "fsck.fat");
        run::output(check.arg("-n").arg(&alone)).unwrap();

        let volume = Volume {
            disk: &one,
            tools: &tools,
        };
        let mut kernel = volume.command("mtype");
        let kernel = run::output(kernel.arg("::a/vmlinuz")).unwrap();
        assert_eq!(kernel, [9; 5000]);
        assert!(volume.has("EFI/BOOT"));
        assert!(!volume.has("EFI/boat"));
    }
}
