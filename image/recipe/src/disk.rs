//! The disk: partitions for both firmwares, and GRUB where a BIOS looks for it.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use gptman::{GPT, GPTPartitionEntry};

use crate::grub::Grub;

/// Bytes in a sector.
pub const SECTOR: usize = 512;

/// [`SECTOR`], as gptman counts.
pub const SECTOR_BYTES: u64 = 512;
const MEBIBYTE: u64 = 1 << 20;
/// First partition: GRUB's core, for a BIOS.
const CORE: Extent = Extent {
    first: 2048,
    sectors: MEBIBYTE / SECTOR_BYTES,
};
/// Second partition: the boot volume.
pub const BOOT: Extent = Extent {
    first: 4096,
    sectors: 256 * MEBIBYTE / SECTOR_BYTES,
};
/// Room behind the last partition for the second copy of the table, up to a whole mebibyte.
const TAIL: u64 = MEBIBYTE / SECTOR_BYTES;

/// 21686148-6449-6E6F-744E-656564454649, "BIOS boot".
const BIOS_BOOT: [u8; 16] = *b"Hah!IdontNeedEFI";
/// C12A7328-F81F-11D2-BA4B-00A0C93EC93B, "EFI system", as stored.
const EFI_SYSTEM: [u8; 16] = [
    0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
];
/// The same for every image, so that every image is the same.
const DISK_ID: [u8; 16] = *b"Fourfold disk\0\0\x40";
const CORE_ID: [u8; 16] = *b"Fourfold core\0\0\x40";
const BOOT_ID: [u8; 16] = *b"Fourfold boot\0\0\x40";

/// Where a partition is, in sectors.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Its first sector.
    pub first: u64,
    /// How many it has.
    pub sectors: u64,
}

/// Writes a disk image, sparse, with an empty second partition.
///
/// # Errors
/// When the file cannot be written or something does not fit.
pub fn write(path: &Path, grub: &Grub) -> Result<()> {
    let about = || format!("writing {}", path.display());
    let mut disk = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .with_context(about)?;
    disk.set_len((BOOT.first + BOOT.sectors + TAIL) * SECTOR_BYTES)
        .with_context(about)?;
    partition(&mut disk).with_context(about)?;
    write_at(&mut disk, 0, &grub.boot_sector(CORE.first)?).with_context(about)?;
    let core = grub.core_at(CORE.first)?;
    ensure!(
        u64::try_from(core.len())? <= CORE.sectors * SECTOR_BYTES,
        "GRUB's core does not fit its partition"
    );
    write_at(&mut disk, CORE.first, &core).with_context(about)?;
    Ok(())
}

fn write_at(disk: &mut File, sector: u64, bytes: &[u8]) -> std::io::Result<()> {
    disk.seek(SeekFrom::Start(sector * SECTOR_BYTES))?;
    disk.write_all(bytes)
}

fn partition(disk: &mut File) -> Result<()> {
    let mut table = GPT::new_from(disk, SECTOR_BYTES, DISK_ID)?;
    table[1] = entry("fourfold-core", BIOS_BOOT, CORE_ID, CORE);
    table[2] = entry("fourfold-boot", EFI_SYSTEM, BOOT_ID, BOOT);
    // Some BIOSes boot a disk only when an entry of its old table is active.
    GPT::write_bootable_protective_mbr_into(disk, SECTOR_BYTES)?;
    table.write_into(disk)?;
    Ok(())
}

fn entry(name: &str, kind: [u8; 16], id: [u8; 16], extent: Extent) -> GPTPartitionEntry {
    GPTPartitionEntry {
        partition_type_guid: kind,
        unique_partition_guid: id,
        starting_lba: extent.first,
        ending_lba: extent.first + extent.sectors - 1,
        attribute_bits: 0,
        partition_name: name.into(),
    }
}

#[cfg(test)]
mod tests;
