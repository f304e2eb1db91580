//! Disks are sparse files.

use std::fs::File;

use super::*;

const MIB: u64 = 1 << 20;
const SECTOR: u64 = 512;

/// What the image builder makes: partition 1 from 1 MiB, the boot partition from 2 MiB, `boot` MiB long, 1 MiB
/// behind it for the copy of the table.
fn image(boot: u64) -> File {
    let mut disk = tempfile::tempfile().expect("a file");
    disk.set_len((2 + boot + 1) * MIB).expect("sized");
    let mut gpt = GPT::new_from(&mut disk, SECTOR, [7; 16]).expect("a table");
    for (number, start, end) in [(1, 1, 2), (BOOT, 2, 2 + boot)] {
        gpt[number] = GPTPartitionEntry {
            partition_type_guid: [1; 16],
            unique_partition_guid: [u8::try_from(number).expect("small"); 16],
            starting_lba: start * MIB / SECTOR,
            ending_lba: end * MIB / SECTOR - 1,
            attribute_bits: 0,
            partition_name: "".into(),
        };
    }
    GPT::write_bootable_protective_mbr_into(&mut disk, SECTOR).expect("written");
    disk.seek(SeekFrom::Start(0)).expect("at the start");
    disk.write_all(b"boot code").expect("written");
    gpt.write_into(&mut disk).expect("written");
    label(&mut disk, b"FOURBOOT   ");
    disk
}

fn label(disk: &mut File, label: &[u8]) {
    disk.seek(SeekFrom::Start(2 * MIB + 71)).expect("there");
    disk.write_all(label).expect("written");
}

fn find(disk: &mut File) -> Table {
    Table::find(disk).expect("read").expect("a boot disk")
}

fn bytes<const N: usize>(disk: &mut File, at: u64) -> [u8; N] {
    let mut bytes = [0; N];
    disk.seek(SeekFrom::Start(at)).expect("there");
    disk.read_exact(&mut bytes).expect("read");
    bytes
}

/// Makes the data partition of a disk of so many bytes; where it lies, in sectors.
fn made(disk: &mut File, size: u64) -> (u64, u64) {
    disk.set_len(size).expect("sized");
    let mut table = find(disk);
    assert_eq!(table.data(), Data::Missing);
    table.add_data(disk, [9; 16]).expect("room");
    table.write(disk).expect("written");
    let data = &table.gpt[DATA];
    (data.starting_lba, data.ending_lba)
}

#[test]
fn the_data_partition_goes_from_the_boot_partition_to_the_end_of_any_disk() {
    for size in [
        512 * MIB,
        512 * MIB + 12_345 * SECTOR,
        8 << 30,
        (2 << 40) + SECTOR,
        (3 << 40) + 7 * MIB,
    ] {
        let mut disk = image(256);
        let (start, end) = made(&mut disk, size);
        assert_eq!(start, 258 * MIB / SECTOR);
        // 33 sectors at the end are the table's copy.
        let last = size / SECTOR - 34;
        assert!(end <= last && last - end < 2048, "{end} of {last}");
        assert_eq!((end + 1) % 2048, 0);
        // Both copies are where they belong, and either is enough.
        let mut table = find(&mut disk);
        assert!(!table.is_from_backup());
        assert_eq!(table.gpt.header.backup_lba, size / SECTOR - 1);
        assert_eq!(bytes(&mut disk, size - SECTOR), *b"EFI PART");
        disk.seek(SeekFrom::Start(SECTOR)).expect("there");
        disk.write_all(&[0; 512]).expect("torn");
        table = find(&mut disk);
        assert!(table.is_from_backup());
        assert_eq!(table.data(), Data::New);
        table.write(&mut disk).expect("mended");
        assert!(!find(&mut disk).is_from_backup());
    }
}

#[test]
fn what_was_on_the_disk_stays() {
    let mut disk = image(256);
    let before = find(&mut disk);
    made(&mut disk, 1 << 30);
    let after = find(&mut disk);
    assert_eq!(before.gpt[1], after.gpt[1]);
    assert_eq!(before.gpt[BOOT], after.gpt[BOOT]);
    assert_eq!(before.gpt.header.disk_guid, after.gpt.header.disk_guid);
    assert_eq!(bytes(&mut disk, 0), *b"boot code");
    assert_eq!(bytes(&mut disk, 446), [0x80], "no longer active");
    assert_eq!(bytes(&mut disk, 2 * MIB + 71), *b"FOURBOOT   ");
}

#[test]
fn the_protective_partition_is_as_long_as_the_disk_or_as_long_as_can_be_said() {
    for (size, sectors) in [(1 << 30, (1 << 21) - 1), (3 << 40, u32::MAX)] {
        let mut disk = image(256);
        made(&mut disk, size);
        assert_eq!(bytes(&mut disk, 458), sectors.to_le_bytes());
    }
}

#[test]
fn a_data_partition_is_new_until_it_has_a_file_system_and_again_for_a_reset() {
    let mut disk = image(256);
    made(&mut disk, 1 << 30);
    let mut table = find(&mut disk);
    assert_eq!(table.data(), Data::New);
    table.mark_there();
    table.write(&mut disk).expect("written");
    table = find(&mut disk);
    assert_eq!(table.data(), Data::There);
    table.mark_new();
    table.write(&mut disk).expect("written");
    assert_eq!(find(&mut disk).data(), Data::New);
}

#[test]
fn a_partition_3_of_another_name_is_the_operators() {
    let mut disk = image(256);
    made(&mut disk, 1 << 30);
    let mut table = find(&mut disk);
    table.gpt[DATA].partition_name = "".into();
    assert_eq!(table.data(), Data::There);
}

#[test]
fn a_disk_as_small_as_the_image_has_no_room_and_says_so() {
    let mut disk = image(256);
    disk.set_len((258 + 64) * MIB).expect("sized");
    let mut table = find(&mut disk);
    let refused = table.add_data(&mut disk, [9; 16]).expect_err("made");
    assert_eq!(
        refused,
        "63 MiB behind the boot partition are too few for a data partition, which needs 64"
    );
}

#[test]
fn other_disks_are_left_alone() {
    let mut empty = tempfile::tempfile().expect("a file");
    assert!(Table::find(&mut empty).expect("read").is_none());
    empty.set_len(MIB).expect("sized");
    assert!(Table::find(&mut empty).expect("read").is_none());
    let mut other = image(64);
    label(&mut other, b"EFI        ");
    assert!(Table::find(&mut other).expect("read").is_none());
}
