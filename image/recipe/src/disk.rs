//! The disk: partitions for both firmwares, and the FAT volume with GRUB and the two slots.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions, ReadWriteSeek};
use fscommon::{BufStream, StreamSlice};
use gptman::{GPT, GPTPartitionEntry};

use crate::grub::Grub;

/// Bytes in a sector.
pub const SECTOR: usize = 512;

/// [`SECTOR`], as gptman counts.
const SECTOR_BYTES: u64 = 512;
const MEBIBYTE: u64 = 1 << 20;
/// First partition: GRUB's core, for a BIOS.
const CORE: Extent = Extent {
    first: 2048,
    sectors: MEBIBYTE / SECTOR_BYTES,
};
/// Second partition: the FAT volume.
const BOOT: Extent = Extent {
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
const VOLUME_ID: u32 = 0x4f55_5234;
const VOLUME_LABEL: [u8; 11] = *b"FOURBOOT   ";

/// A 2 KiB cluster makes 256 MiB a FAT32 volume: it has more than 65 525 of them.
const CLUSTER_BYTES: u32 = 2048;

#[derive(Clone, Copy, Debug)]
struct Extent {
    first: u64,
    sectors: u64,
}

/// A file of the boot volume.
#[derive(Clone, Copy, Debug)]
pub struct BootFile<'bytes> {
    /// Path on the volume.
    pub path: &'static str,
    /// Content.
    pub bytes: &'bytes [u8],
}

/// Writes a disk image, sparse.
///
/// # Errors
/// When the file cannot be written or something does not fit.
pub fn write(path: &Path, grub: &Grub, files: &[BootFile<'_>]) -> Result<()> {
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
    let start = BOOT.first * SECTOR_BYTES;
    let volume = StreamSlice::new(&mut disk, start, start + BOOT.sectors * SECTOR_BYTES)?;
    fill(BufStream::new(volume), files).with_context(about)?;
    disk.sync_all().with_context(about)
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

fn fill(mut volume: impl ReadWriteSeek, files: &[BootFile<'_>]) -> Result<()> {
    let options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .bytes_per_cluster(CLUSTER_BYTES)
        .volume_id(VOLUME_ID)
        .volume_label(VOLUME_LABEL);
    fatfs::format_volume(&mut volume, options)?;
    volume.seek(SeekFrom::Start(0))?;
    let volume = FileSystem::new(volume, FsOptions::new())?;
    let root = volume.root_dir();
    for BootFile { path, bytes } in files {
        let about = || format!("/{path} on the boot volume");
        for (at, _) in path.match_indices('/') {
            let (folder, _) = path.split_at(at);
            root.create_dir(folder).with_context(about)?;
        }
        let mut file = root.create_file(path).with_context(about)?;
        file.write_all(bytes).with_context(about)?;
        file.flush().with_context(about)?;
    }
    drop(root);
    volume.unmount()?;
    Ok(())
}
