//! The disk that Fourfold starts from.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::gpt::{BOOT, DATA, Data, Table};
use crate::log::Log;

const DISKS: &str = "/sys/block";

/// A disk with the boot partition.
#[derive(Clone, Debug)]
pub struct BootDisk {
    /// As the kernel names it: `sda`.
    name: String,
    table: Table,
}

impl BootDisk {
    /// Looks at every disk. Of several that Fourfold could have started from, it is the first one that has a
    /// data partition, else the first one that cannot be pulled out; and somebody should know of it.
    pub fn find(log: &Log) -> Option<Self> {
        let mut found: Vec<Self> = disks()
            .into_iter()
            .filter_map(|name| match table(&name) {
                Ok(table) => table.map(|table| Self { name, table }),
                Err(e) => {
                    log.info(&format!("disk {name}: {e}"));
                    None
                }
            })
            .collect();
        found.sort_by_key(|disk| disk.table.data() != Data::There);
        if let [first, others @ ..] = found.as_slice() {
            for other in others {
                let (first, other) = (&first.name, &other.name);
                log.warn(&format!(
                    "disk {other} could be started from, too; {first} is used"
                ));
            }
        }
        found.into_iter().next()
    }

    /// The device of the boot partition, if the kernel has seen it.
    pub fn boot(&self) -> Option<PathBuf> {
        self.partition(BOOT)
    }

    /// The device of the data partition, if the kernel has seen it.
    pub fn data(&self) -> Option<PathBuf> {
        self.partition(DATA)
    }

    /// What is known of the data partition.
    pub fn state(&self) -> Data {
        self.table.data()
    }

    /// Makes the table whole again where only its copy could be read.
    ///
    /// # Errors
    /// What the disk or the kernel says.
    pub fn mend(&mut self) -> io::Result<bool> {
        let torn = self.table.is_from_backup();
        if torn {
            let mut disk = self.open()?;
            self.table.write(&mut disk)?;
            reread(&disk)?;
            *self = self.again()?;
        }
        Ok(torn)
    }

    /// Makes the data partition, not formatted yet.
    ///
    /// # Errors
    /// When there is no room, or what the disk or the kernel says.
    pub fn add_data(&mut self) -> io::Result<()> {
        let mut disk = self.open()?;
        self.table
            .add_data(&mut disk, random_guid()?)
            .map_err(io::Error::other)?;
        self.table.write(&mut disk)?;
        reread(&disk)
    }

    /// Says whether the data partition has a file system, or may be given a new one.
    ///
    /// # Errors
    /// What the disk says.
    pub fn mark(&mut self, state: Data) -> io::Result<()> {
        match state {
            Data::There => self.table.mark_there(),
            Data::New | Data::Missing => self.table.mark_new(),
        }
        let mut disk = self.open()?;
        self.table.write(&mut disk)?;
        disk.sync_all()
    }

    fn again(&self) -> io::Result<Self> {
        let table = table(&self.name)?.ok_or(io::ErrorKind::NotFound)?;
        let name = self.name.clone();
        Ok(Self { name, table })
    }

    fn open(&self) -> io::Result<File> {
        open(&self.name, true)
    }

    /// The device of a partition by its number, which the kernel says in a file below the disk.
    fn partition(&self, number: u32) -> Option<PathBuf> {
        let number = number.to_string();
        let disk = Path::new(DISKS).join(&self.name);
        let partition = fs::read_dir(disk).ok()?.flatten().find(|entry| {
            let said = fs::read_to_string(entry.path().join("partition"));
            said.is_ok_and(|said| said.trim_end() == number)
        })?;
        Some(Path::new("/dev").join(partition.file_name()))
    }
}

/// The names of the disks, those that can be pulled out last.
fn disks() -> Vec<String> {
    let Ok(entries) = fs::read_dir(DISKS) else {
        return Vec::new();
    };
    let mut disks: Vec<(bool, String)> = entries
        .flatten()
        // What has no device behind it is made of memory or of other disks.
        .filter(|entry| entry.path().join("device").exists())
        .filter_map(|entry| {
            let removable = fs::read_to_string(entry.path().join("removable"));
            let removable = removable.is_ok_and(|said| said.trim_end() == "1");
            Some((removable, entry.file_name().into_string().ok()?))
        })
        .collect();
    disks.sort();
    disks.into_iter().map(|(_, name)| name).collect()
}

fn table(name: &str) -> io::Result<Option<Table>> {
    Table::find(&mut open(name, false)?)
}

fn open(name: &str, write: bool) -> io::Result<File> {
    let device = Path::new("/dev").join(name);
    OpenOptions::new().read(true).write(write).open(device)
}

fn reread(disk: &File) -> io::Result<()> {
    disk.sync_all()?;
    sys::disk::reread_partitions(disk)
}

/// A GUID of RFC 9562 version 4, in the byte order of a partition table.
fn random_guid() -> io::Result<[u8; 16]> {
    let mut guid = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut guid)?;
    guid[7] = guid[7] & 0x0f | 0x40;
    guid[8] = guid[8] & 0x3f | 0x80;
    Ok(guid)
}
