//! Two slots: one that does not boot is left by itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tests::qemu::{Controller, Disk, Firmware, Hardware, Machine};
use tests::run;
use tests::session::{Door, door};

use crate::stage::{directory, image};

/// Three boots that panic, ten seconds each until the kernel resets, and one that does not.
const COMES_BACK: Duration = Duration::from_secs(400);
/// The boot loader's variables fill exactly this many bytes.
const ENVIRONMENT: usize = 1024;

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_slot_that_panics_is_tried_as_often_as_allowed_and_then_left_for_the_other() -> Result<()> {
    let directory = directory()?;
    let disk = directory.path().join("disk.img");
    image()?.flash(&disk)?;
    // As an update leaves it, whose initramfs is none.
    let broken = directory.path().join("initrd");
    std::fs::write(&broken, b"no initramfs")?;
    put(&disk, &broken, "::b/initrd")?;
    let environment = directory.path().join("grubenv");
    std::fs::write(&environment, updated())?;
    put(&disk, &environment, "::grub/grubenv")?;

    let hardware = Hardware {
        firmware: Firmware::Bios,
        disk: Some(Disk {
            path: disk,
            controller: Controller::VirtioBlk,
        }),
        nics: Vec::new(),
        memory: 1024,
    };
    let on = Instant::now();
    let mut machine = Machine::start(&hardware, directory.path())?;
    assert_eq!(door(&mut machine.serial, COMES_BACK)?, Door::FirstBoot);
    let said = machine.serial.transcript();
    let panics = said.matches("Kernel panic").count();
    println!(
        "{panics} panics of slot b, then slot a asks after {:.1} s",
        on.elapsed().as_secs_f64()
    );
    assert_eq!(panics, 3, "{said}");
    assert!(said.contains(", slot a"), "{said}");
    Ok(())
}

/// The boot loader's variables after an update: slot b first, three tries.
fn updated() -> Vec<u8> {
    let mut text =
        b"# GRUB Environment Block\norder=b a\na_ok=1\na_tries=3\nb_ok=0\nb_tries=3\n".to_vec();
    text.resize(ENVIRONMENT, b'#');
    text
}

/// Copies a file over one of the boot partition's.
fn put(disk: &Path, file: &Path, to: &str) -> Result<()> {
    let partition = format!("{}@@{}", disk.display(), boot_partition(disk)?);
    let mut copy = run::program("mcopy");
    copy.args(["-o", "-i", &partition]).arg(file).arg(to);
    run::output(&mut copy).map(|_| ())
}

/// Where the second partition begins, in bytes: the second entry of the GPT.
fn boot_partition(disk: &Path) -> Result<u64> {
    const FIRST_LBA: u64 = 2 * 512 + 128 + 32;
    let file = File::open(disk).with_context(|| format!("opening {}", disk.display()))?;
    let mut lba = [0; 8];
    file.read_exact_at(&mut lba, FIRST_LBA)
        .context("reading the partition table")?;
    Ok(u64::from_le_bytes(lba) * 512)
}
