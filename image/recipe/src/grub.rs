//! GRUB for both firmwares, put together from its modules, and the state that it reads.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::disk::SECTOR;
use crate::run;
use crate::tools::Tools;

/// How GRUB reads the disk, by a BIOS.
const BIOS: [&str; 1] = ["biosdisk"];

/// How GRUB finds the screen, by UEFI: the kernel goes on with the mode that it was handed.
const UEFI: [&str; 2] = ["efi_gop", "efi_uga"];

/// Modules for both firmwares.
const MODULES: [&str; 14] = [
    "boot", "echo", "fat", "linux", "loadenv", "minicmd", "normal", "part_gpt", "reboot", "serial",
    "sleep", "terminal", "test", "true",
];

/// The partition with GRUB's files, on the disk that the firmware booted from.
const PREFIX: &str = "(,gpt2)/grub";

/// Size of grubenv, in bytes: GRUB writes it in place and knows no other.
pub const ENVIRONMENT_BYTES: usize = 1024;

const SIGNATURE: &str = "# GRUB Environment Block\n";

/// GRUB as both firmwares start it.
#[derive(Clone, Debug)]
pub struct Grub {
    /// The first sector's code.
    pub boot: Vec<u8>,
    /// What the first sector loads, from the BIOS boot partition.
    pub core: Vec<u8>,
    /// `BOOTX64.EFI`.
    pub efi: Vec<u8>,
}

impl Grub {
    /// Puts it together.
    ///
    /// # Errors
    /// When grub-mkimage fails.
    pub fn make(tools: &Tools, work: &Path) -> Result<Self> {
        let boot = tools.root().join("usr/lib/grub/i386-pc/boot.img");
        Ok(Self {
            boot: fs::read(&boot).with_context(|| format!("reading {}", boot.display()))?,
            core: image(tools, "i386-pc", &BIOS, work)?,
            efi: image(tools, "x86_64-efi", &UEFI, work)?,
        })
    }

    /// The first sector's code for a disk on which `core` starts at the sector `at`.
    ///
    /// # Errors
    /// When it is not GRUB's.
    pub fn boot_sector(&self, at: u64) -> Result<Vec<u8>> {
        // Offsets of include/grub/i386/pc/boot.h: where the core is, which drive it is on (0xff: the
        // one that the BIOS booted), and the jump that some BIOSes need.
        const KERNEL_SECTOR: usize = 0x5c;
        const BOOT_DRIVE: usize = 0x64;
        const DRIVE_CHECK: usize = 0x66;
        const CODE: usize = 440;
        let mut code = self.boot.clone();
        ensure!(code.len() == 512, "boot.img is not one sector");
        code.truncate(CODE);
        put(&mut code, KERNEL_SECTOR, &at.to_le_bytes())?;
        put(&mut code, BOOT_DRIVE, &[0xff])?;
        put(&mut code, DRIVE_CHECK, &[0x90, 0x90])?;
        Ok(code)
    }

    /// The core as it stands on a disk from the sector `at` on: its first sector says where the rest
    /// is.
    ///
    /// # Errors
    /// When it is longer than that can say.
    pub fn core_at(&self, at: u64) -> Result<Vec<u8>> {
        // include/grub/offsets.h: one list of sectors at the end of the first, loaded to 0x8200.
        const BLOCK_LIST: usize = 0x1f4;
        const SEGMENT: u16 = 0x820;
        let mut core = self.core.clone();
        let rest = core.len().div_ceil(SECTOR).saturating_sub(1);
        let rest = u16::try_from(rest).context("GRUB's core is too long")?;
        let mut list = (at + 1).to_le_bytes().to_vec();
        list.extend(rest.to_le_bytes());
        list.extend(SEGMENT.to_le_bytes());
        put(&mut core, BLOCK_LIST, &list)?;
        Ok(core)
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) -> Result<()> {
    bytes
        .get_mut(at..at + value.len())
        .context("GRUB's image is too short")?
        .copy_from_slice(value);
    Ok(())
}

fn image(tools: &Tools, format: &str, more: &[&str], work: &Path) -> Result<Vec<u8>> {
    let out = work.join(format!("grub-{format}"));
    let mut command = tools.command("usr/bin/grub-mkimage", "grub-mkimage");
    command
        .arg("-d")
        .arg(tools.root().join("usr/lib/grub").join(format));
    command.args(["-O", format, "-p", PREFIX, "-o"]).arg(&out);
    command.args(more).args(MODULES);
    run::output(&mut command).with_context(|| format!("grub-mkimage for {format}"))?;
    fs::read(&out).with_context(|| format!("reading {}", out.display()))
}

/// A grubenv with these variables.
///
/// # Errors
/// When they do not fit.
pub fn environment(variables: &[(&str, &str)]) -> Result<Vec<u8>> {
    let mut text = SIGNATURE.to_owned();
    for (name, value) in variables {
        text.push_str(&format!("{name}={value}\n"));
    }
    ensure!(
        text.len() <= ENVIRONMENT_BYTES,
        "grubenv has {} bytes and may have {ENVIRONMENT_BYTES}",
        text.len()
    );
    let mut bytes = text.into_bytes();
    bytes.resize(ENVIRONMENT_BYTES, b'#');
    Ok(bytes)
}

/// The state of a new disk: both slots are there and good.
///
/// # Errors
/// As [`environment`].
pub fn first_environment() -> Result<Vec<u8>> {
    environment(&[
        ("order", "a b"),
        ("a_ok", "1"),
        ("a_tries", "3"),
        ("b_ok", "1"),
        ("b_tries", "3"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grubenv_is_a_signature_the_variables_and_number_signs_up_to_its_size() {
        let bytes = first_environment().unwrap();
        assert_eq!(bytes.len(), 1024);
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..6],
            [
                "# GRUB Environment Block",
                "order=a b",
                "a_ok=1",
                "a_tries=3",
                "b_ok=1",
                "b_tries=3"
            ]
        );
        assert!(lines[6].bytes().all(|byte| byte == b'#'));
        assert_eq!(lines.len(), 7);
    }

    #[test]
    fn variables_that_do_not_fit_are_refused() {
        let long = "x".repeat(1000);
        assert!(environment(&[("order", &long)]).is_err());
    }

    #[test]
    fn the_boot_code_knows_where_the_core_is_and_the_core_where_its_rest_is() {
        let grub = Grub {
            boot: vec![0; 512],
            core: vec![0; 1025],
            efi: Vec::new(),
        };
        let boot = grub.boot_sector(2048).unwrap();
        assert_eq!(boot.len(), 440);
        assert_eq!(boot[0x5c..0x64], [0, 8, 0, 0, 0, 0, 0, 0]);
        assert_eq!(boot[0x64..0x68], [0xff, 0, 0x90, 0x90]);
        let core = grub.core_at(2048).unwrap();
        assert_eq!(core[0x1f4..0x200], [1, 8, 0, 0, 0, 0, 0, 0, 2, 0, 0x20, 8]);
    }

    #[test]
    fn a_core_of_another_shape_is_refused() {
        let grub = Grub {
            boot: vec![0; 511],
            core: vec![0; 100],
            efi: Vec::new(),
        };
        assert!(grub.boot_sector(2048).is_err());
        assert!(grub.core_at(2048).is_err());
    }

    #[test]
    #[ignore = "fetches the tools of the lock file from Debian's archive"]
    fn grub_understands_the_configuration_and_every_module_that_is_named_is_there() {
        let recipe = Path::new(env!("CARGO_MANIFEST_DIR"));
        let room = tempfile::tempdir().unwrap();
        let lock = crate::packages::Lock::read(recipe).unwrap();
        let root = room.path().join("tools");
        let cache = crate::debs::Cache::of_user().unwrap();
        let tools = crate::packages::Purpose::Tools;
        cache.unpack(&lock, tools, &root).unwrap();
        let tools = Tools::at(&root).unwrap();
        let mut check = tools.command("usr/bin/grub-script-check", "grub-script-check");
        run::output(check.arg(recipe.join("grub/grub.cfg"))).unwrap();
        let broken = room.path().join("grub.cfg");
        fs::write(&broken, "if true; then\n").unwrap();
        let mut check = tools.command("usr/bin/grub-script-check", "grub-script-check");
        assert!(run::output(check.arg(&broken)).is_err());
        let grub = Grub::make(&tools, room.path()).unwrap();
        assert!(grub.boot_sector(2048).is_ok());
        assert!(grub.core.len() < 1 << 20);
        assert_eq!(&grub.efi[..2], b"MZ");
    }
}
