//! Which partition is the boot partition: the second of its disk, a FAT32 with the label `FOURBOOT`. Where
//! several disks have one, that of the disk that `/data` is on.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Its number, as sysfs writes it.
const NUMBER: &str = "2";

/// The label as FAT32 has it in the first sector, and where.
const LABEL: &[u8; 11] = b"FOURBOOT   ";
const LABEL_AT: u64 = 71;

/// The boot partition's device.
///
/// # Errors
/// That there is none.
pub(super) fn boot() -> io::Result<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let data = data_device(&mounts);
    find(Path::new("/sys/class/block"), Path::new("/dev"), data)
}

/// The device that `/data` is on.
fn data_device(mounts: &str) -> Option<&str> {
    let mut fields = mounts.lines().map(|line| line.split(' '));
    fields.find_map(|mut fields| {
        let device = fields.next()?.strip_prefix("/dev/")?;
        (fields.next()? == "/data").then_some(device)
    })
}

fn find(block: &Path, dev: &Path, data: Option<&str>) -> io::Result<PathBuf> {
    let mut names = Vec::new();
    for entry in fs::read_dir(block)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let number = fs::read_to_string(block.join(&name).join("partition"));
        let is_second = number.is_ok_and(|number| number.trim() == NUMBER);
        if is_second && has_label(&dev.join(&name)).unwrap_or(false) {
            names.push(name);
        }
    }
    names.sort();
    let ours = data.and_then(|data| disk(block, data));
    let same = |name: &&String| ours.is_some() && disk(block, name) == ours;
    let found = names.iter().find(same).or(names.first());
    let missing = || {
        io::Error::new(
            io::ErrorKind::NotFound,
            "there is no boot partition (FOURBOOT)",
        )
    };
    found.map(|name| dev.join(name)).ok_or_else(missing)
}

/// The directory of the disk that a partition is of.
fn disk(block: &Path, partition: &str) -> Option<PathBuf> {
    let place = fs::canonicalize(block.join(partition)).ok()?;
    place.parent().map(Path::to_owned)
}

fn has_label(device: &Path) -> io::Result<bool> {
    let mut label = [0; LABEL.len()];
    File::open(device)?.read_exact_at(&mut label, LABEL_AT)?;
    Ok(label == *LABEL)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Disks as sysfs and devtmpfs show them: the label of each second partition.
    struct Disks(tempfile::TempDir);

    impl Disks {
        fn new(disks: &[(&str, &[u8])]) -> Self {
            let root = Self(tempfile::tempdir().expect("a directory"));
            for dir in [root.block(), root.dev()] {
                fs::create_dir(dir).expect("a directory");
            }
            for (disk, label) in disks {
                for number in [2, 3] {
                    root.add(disk, number, label);
                }
            }
            root
        }

        fn add(&self, disk: &str, number: u8, label: &[u8]) {
            let name = format!("{disk}{number}");
            let place = self.0.path().join("devices").join(disk).join(&name);
            fs::create_dir_all(&place).expect("a directory");
            fs::write(place.join("partition"), format!("{number}\n")).expect("written");
            symlink(&place, self.block().join(&name)).expect("a link");
            let mut sector = vec![0; 512];
            sector[71..71 + label.len()].copy_from_slice(label);
            fs::write(self.dev().join(name), sector).expect("written");
        }

        fn block(&self) -> PathBuf {
            self.0.path().join("block")
        }

        fn dev(&self) -> PathBuf {
            self.0.path().join("dev")
        }

        fn find(&self, data: Option<&str>) -> Option<String> {
            let found = find(&self.block(), &self.dev(), data).ok()?;
            Some(found.file_name()?.to_string_lossy().into_owned())
        }
    }

    #[test]
    fn it_is_the_second_partition_with_the_label() {
        let disks = Disks::new(&[("sda", b"EFI        "), ("vda", LABEL)]);
        assert_eq!(disks.find(None).as_deref(), Some("vda2"));
        let none = Disks::new(&[("sda", b"EFI        ")]);
        assert_eq!(none.find(None), None);
    }

    #[test]
    fn of_several_it_is_the_one_beside_the_data() {
        let disks = Disks::new(&[("sda", LABEL), ("vda", LABEL)]);
        assert_eq!(disks.find(Some("vda3")).as_deref(), Some("vda2"));
        assert_eq!(disks.find(Some("sda3")).as_deref(), Some("sda2"));
        assert_eq!(disks.find(Some("nvme0n1p3")).as_deref(), Some("sda2"));
        assert_eq!(disks.find(None).as_deref(), Some("sda2"));
    }

    #[test]
    fn the_data_are_on_a_device_or_in_memory() {
        let mounts = "proc /proc proc rw 0 0\n/dev/vda3 /data ext4 rw 0 0\n";
        assert_eq!(data_device(mounts), Some("vda3"));
        assert_eq!(data_device("tmpfs /data tmpfs rw 0 0\n"), None);
        assert_eq!(data_device("/dev/vda3 /database ext4 rw 0 0\n"), None);
    }
}
