//! The partitions of the disk that Fourfold starts from: which disk that is, and the data partition that
//! is made behind the boot partition, to the end of the disk.
//!
//! A data partition is born with the label [`NEW`] and gets [`LABEL`] once there is a file system in it:
//! a power cut in between leaves one that may be formatted. Any other may not.

#[cfg(test)]
mod tests;

use std::io::{self, Read, Seek, SeekFrom, Write};

use gptman::{GPT, GPTPartitionEntry};

/// The number of the boot partition.
pub const BOOT: u32 = 2;

/// The number of the data partition.
pub const DATA: u32 = 3;

/// The label of the data partition, and of its file system.
pub const LABEL: &str = "fourfold-data";

/// The label of a data partition without a file system.
const NEW: &str = "fourfold-new";

/// The label of the boot partition's FAT, as it stands in its first sector.
const BOOT_LABEL: &[u8] = b"FOURBOOT   ";

/// Where in the first sector of a FAT32 its label is.
const FAT32_LABEL: u64 = 71;

/// "Linux filesystem data", 0FC63DAF-8483-4772-8E79-3D69D8477DE4.
const LINUX: [u8; 16] = [
    0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4,
];

/// Partitions begin and end at multiples of this.
const ALIGN: u64 = 1 << 20;

/// With less there is no room for a configuration's history and a log.
const LEAST: u64 = 64 << 20;

/// A device that can be read, written and moved about in.
pub trait Disk: Read + Write + Seek {}

impl<T: Read + Write + Seek> Disk for T {}

/// What is known of the data partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// There is none yet.
    Missing,
    /// There is one that nobody has formatted yet.
    New,
    /// There is one, with what the operator has.
    There,
}

/// The partition table of a disk that has the boot partition.
#[derive(Clone, Debug)]
pub struct Table {
    gpt: GPT,
}

impl Table {
    /// The table of `disk`; `None` when it is not one that Fourfold starts from.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn find(disk: &mut impl Disk) -> io::Result<Option<Self>> {
        let gpt = match GPT::find_from(disk) {
            Ok(gpt) => gpt,
            Err(gptman::Error::Io(e)) => return Err(e),
            Err(_) => return Ok(None),
        };
        if gpt.header.number_of_partition_entries < DATA || gpt[BOOT].is_unused() {
            return Ok(None);
        }
        let mut label = [0; BOOT_LABEL.len()];
        let start = gpt[BOOT].starting_lba.saturating_mul(gpt.sector_size);
        disk.seek(SeekFrom::Start(start.saturating_add(FAT32_LABEL)))?;
        disk.read_exact(&mut label)?;
        Ok((label == BOOT_LABEL).then_some(Self { gpt }))
    }

    /// What there is of a data partition.
    #[must_use]
    pub fn data(&self) -> Data {
        let data = &self.gpt[DATA];
        if data.is_unused() {
            Data::Missing
        } else if data.partition_name.as_str() == NEW {
            Data::New
        } else {
            Data::There
        }
    }

    /// Whether only the copy at the disk's end could be read.
    #[must_use]
    pub fn is_from_backup(&self) -> bool {
        self.gpt.is_backup()
    }

    /// Adds the data partition, not formatted, from behind the last partition to the end of the disk.
    /// `guid` is to be its own, random. Nothing is written yet.
    ///
    /// # Errors
    /// A line that says how much room there is and how much there would have to be.
    pub fn add_data(&mut self, disk: &mut impl Disk, guid: [u8; 16]) -> Result<(), String> {
        let sector = self.gpt.sector_size;
        let header = &mut self.gpt.header;
        header
            .update_from(disk, sector)
            .map_err(|e| e.to_string())?;
        let used = self.gpt.iter().filter(|(_, partition)| partition.is_used());
        let last = used.map(|(_, partition)| partition.ending_lba).max();
        let behind = last.map_or(self.gpt.header.first_usable_lba, |last| last + 1);
        let align = ALIGN / sector;
        let start = behind.next_multiple_of(align);
        let end = (self.gpt.header.last_usable_lba + 1) / align * align;
        let room = end.saturating_sub(start) * sector;
        if room < LEAST {
            return Err(format!(
                "{} MiB behind the boot partition are too few for a data partition, which needs {}",
                room >> 20,
                LEAST >> 20
            ));
        }
        self.gpt[DATA] = GPTPartitionEntry {
            partition_type_guid: LINUX,
            unique_partition_guid: guid,
            starting_lba: start,
            ending_lba: end - 1,
            attribute_bits: 0,
            partition_name: NEW.into(),
        };
        Ok(())
    }

    /// Says that the data partition may be formatted.
    pub fn mark_new(&mut self) {
        self.gpt[DATA].partition_name = NEW.into();
    }

    /// Says that the data partition has a file system.
    pub fn mark_there(&mut self) {
        self.gpt[DATA].partition_name = LABEL.into();
    }

    /// Writes both copies of the table, and in the protective MBR how long the disk is.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn write(&mut self, disk: &mut impl Disk) -> io::Result<()> {
        self.gpt.write_into(disk).map_err(io::Error::other)?;
        protect(disk, self.gpt.sector_size)
    }
}

/// The partition in the MBR that stands for all of the disk is as long as the disk. Its other bytes stay:
/// old firmware starts only from one that is active.
fn protect(disk: &mut impl Disk, sector: u64) -> io::Result<()> {
    const KIND: u64 = 446 + 4;
    const SECTORS: u64 = 446 + 12;
    const PROTECTIVE: u8 = 0xee;
    let mut kind = [0];
    disk.seek(SeekFrom::Start(KIND))?;
    disk.read_exact(&mut kind)?;
    if kind != [PROTECTIVE] {
        return Ok(());
    }
    let sectors = disk.seek(SeekFrom::End(0))? / sector - 1;
    let sectors = u32::try_from(sectors).unwrap_or(u32::MAX);
    disk.seek(SeekFrom::Start(SECTORS))?;
    disk.write_all(&sectors.to_le_bytes())
}
