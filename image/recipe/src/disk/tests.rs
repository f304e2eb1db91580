//! The disk read back by a reader of its own: offsets of the UEFI specification, 5.3.

use std::fs;

use super::*;

fn grub() -> Grub {
    Grub {
        boot: (0..512_u16).map(|at| at.to_le_bytes()[0]).collect(),
        core: vec![7; 1500],
        efi: Vec::new(),
    }
}

fn disk() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    write(&path, &grub()).unwrap();
    fs::read(path).unwrap()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// CRC-32 as in the UEFI specification, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    !crc
}

/// Checks the table whose header is at that sector and returns its used entries: type, first and last
/// sector, name.
fn table(disk: &[u8], at: usize) -> Vec<([u8; 16], u64, u64, String)> {
    let header = &disk[at * SECTOR..][..92];
    assert_eq!(&header[..12], b"EFI PART\0\0\x01\0");
    let mut without = header.to_vec();
    without[16..20].fill(0);
    assert_eq!(u32_at(header, 16), crc32(&without));
    assert_eq!(u64_at(header, 24), u64::try_from(at).unwrap());
    let entries = usize::try_from(u64_at(header, 72)).unwrap() * SECTOR;
    let (count, size) = (u32_at(header, 80), u32_at(header, 84));
    assert_eq!((count, size), (128, 128));
    let entries = &disk[entries..][..128 * 128];
    assert_eq!(u32_at(header, 88), crc32(entries));
    let used = entries.chunks(128).filter(|entry| entry[..16] != [0; 16]);
    used.map(|entry| {
        let units = entry[56..]
            .chunks(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        let name: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        (
            entry[..16].try_into().unwrap(),
            u64_at(entry, 32),
            u64_at(entry, 40),
            String::from_utf16(&name).unwrap(),
        )
    })
    .collect()
}

#[test]
fn both_copies_of_the_table_have_the_two_partitions_and_right_check_sums() {
    let disk = disk();
    let sectors = disk.len() / SECTOR;
    let first = table(&disk, 1);
    let expected = [
        (BIOS_BOOT, 2048, 4095, "fourfold-core".to_owned()),
        (EFI_SYSTEM, 4096, 4096 + 524_287, "fourfold-boot".to_owned()),
    ];
    assert_eq!(first, expected);
    assert_eq!(table(&disk, sectors - 1), expected);
    assert_eq!(
        u64_at(&disk, SECTOR + 32),
        u64::try_from(sectors - 1).unwrap()
    );
}

#[test]
fn the_first_sector_has_grubs_code_and_one_active_entry_over_the_whole_disk() {
    let disk = disk();
    assert_eq!(disk[..440], grub().boot_sector(2048).unwrap());
    assert_eq!(disk[446..451], [0x80, 0, 2, 0, 0xee]);
    assert_eq!(u32_at(&disk, 454), 1);
    let sectors = u32::try_from(disk.len() / SECTOR).unwrap();
    assert_eq!(u32_at(&disk, 458), sectors - 1);
    assert_eq!(disk[462..510], [0; 48]);
    assert_eq!(disk[510..512], [0x55, 0xaa]);
    let core = &disk[2048 * SECTOR..][..1500];
    assert_eq!(core, grub().core_at(2048).unwrap());
}

#[test]
fn two_disks_written_in_two_folders_are_the_same() {
    assert!(disk() == disk());
}

#[test]
fn a_core_that_does_not_fit_its_partition_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let grub = Grub {
        core: vec![0; (1 << 20) + 1],
        ..grub()
    };
    let error = write(&folder.path().join("disk.img"), &grub).unwrap_err();
    assert_eq!(error.to_string(), "GRUB's core does not fit its partition");
}
