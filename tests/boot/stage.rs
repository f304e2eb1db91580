//! What the stories share: the image, a site, a box that is booted and configured.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use tests::image::Image;
use tests::qemu::{Firmware, Hardware, Machine};
use tests::session::{BOOTS, Door, door};
use tests::site::Site;

/// Boots that may die before the box says anything: QEMU's emulation does that now and then.
const ATTEMPTS: u32 = 3;

pub fn image() -> Result<Image> {
    Image::from_environment()
}

pub fn site(boxes: usize) -> Result<Site> {
    Site::raise(Path::new(env!("CARGO_BIN_EXE_world")), boxes)
}

/// Switches a machine on and waits for its console to ask, and tells the seconds that took. A guest whose
/// kernel dies before its first program is switched on again.
pub fn up(hardware: &Hardware, directory: &Path) -> Result<(Machine, Door, f64)> {
    let mut attempt = 1;
    loop {
        let on = Instant::now();
        let mut machine = Machine::start(hardware, directory)?;
        match door(&mut machine.serial, BOOTS) {
            Ok(asks) => return Ok((machine, asks, on.elapsed().as_secs_f64())),
            Err(error) => {
                let said = machine.serial.transcript();
                let is_emulation = !said.contains("Fourfold ") && said.contains("Kernel panic");
                if !is_emulation || attempt == ATTEMPTS {
                    return Err(error);
                }
                println!("the emulated kernel died early, attempt {attempt}");
                attempt += 1;
            }
        }
    }
}

/// A box of `site` that is flashed, booted for the first time, and has `lines` committed.
pub fn configured(site: &Site, number: usize, lines: &[String]) -> Result<Machine> {
    site.configured(number, &image()?, lines)
}

/// The image's kernel and initramfs without GRUB: some seconds less.
pub fn direct(more: &str) -> Result<Firmware> {
    let image = image()?;
    Ok(Firmware::Kernel {
        kernel: image.kernel,
        initrd: image.initrd,
        command_line: format!("console=ttyS0,115200 panic=10 loglevel=4 fourfold.slot=a {more}"),
    })
}

/// A directory that goes with the value.
pub fn directory() -> Result<tempfile::TempDir> {
    tempfile::tempdir().context("a directory for a machine")
}
