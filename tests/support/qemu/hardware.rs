//! What a machine is made of, and the command line that makes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::run;

/// UEFI's code, and the variables that every machine gets a copy of (package ovmf).
const OVMF_CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const OVMF_VARS: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/// How the machine starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// SeaBIOS, from the disk.
    Bios,
    /// OVMF, from the disk.
    Uefi,
    /// QEMU loads the kernel itself: no firmware, no boot loader, some seconds less.
    Kernel {
        /// The kernel.
        kernel: PathBuf,
        /// Its initramfs.
        initrd: PathBuf,
        /// Its command line.
        command_line: String,
    },
}

/// What the disk hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// A paravirtual block device.
    VirtioBlk,
    /// NVM Express.
    Nvme,
}

/// A disk, raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Its file.
    pub path: PathBuf,
    /// What it hangs on.
    pub controller: Controller,
}

/// A NIC's make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// A paravirtual NIC.
    VirtioNet,
    /// Intel 82574L.
    E1000e,
}

/// What a NIC is plugged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A port of the test switch: Unix datagram sockets, a frame in each datagram.
    Switch {
        /// QEMU's socket.
        local: PathBuf,
        /// The switch's socket.
        remote: PathBuf,
    },
    /// QEMU's own little network 10.0.2.0/24, from which nothing gets out; ports of this host's
    /// loopback lead to ports of the guest.
    Loopback {
        /// Port of 127.0.0.1, and the guest's port behind it.
        forward: Vec<(u16, u16)>,
    },
    /// Nothing.
    Nothing,
}

/// A network card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nic {
    /// Its name in QEMU, for [`super::Qmp::set_link`].
    pub id: String,
    /// Its make.
    pub model: Model,
    /// Its MAC address.
    pub mac: String,
    /// What it is plugged into.
    pub wire: Wire,
}

/// A machine: two processors, a watchdog, and this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// How it starts.
    pub firmware: Firmware,
    /// Its disk.
    pub disk: Option<Disk>,
    /// Its network cards, in the order of their places on the bus.
    pub nics: Vec<Nic>,
    /// Memory, in MiB.
    pub memory: u32,
}

impl Hardware {
    /// QEMU's command line, without console and monitor. UEFI's variables are kept in `directory`.
    pub(super) fn command(&self, directory: &Path) -> Result<Command> {
        let mut command = run::program("qemu-system-x86_64");
        let memory = self.memory.to_string();
        command.args([
            "-machine",
            "q35",
            "-accel",
            "tcg,thread=multi",
            "-cpu",
            "max",
        ]);
        command.args(["-smp", "2", "-m", &memory]);
        command.args(["-nodefaults", "-no-user-config", "-display", "none"]);
        command.args(["-device", "i6300esb", "-action", "watchdog=reset"]);
        self.firmware(&mut command, directory)?;
        if let Some(disk) = &self.disk {
            let drive = format!(
                "if=none,id=disk,format=raw,cache=writeback,file={}",
                disk.path.display()
            );
            let device = match disk.controller {
                Controller::VirtioBlk => "virtio-blk-pci,drive=disk,addr=0x2",
                Controller::Nvme => "nvme,drive=disk,serial=fourfold,addr=0x2",
            };
            command.args(["-drive", &drive, "-device", device]);
        }
        for (place, nic) in self.nics.iter().enumerate() {
            nic.add_to(&mut command, place + FIRST_NIC);
        }
        Ok(command)
    }

    fn firmware(&self, command: &mut Command, directory: &Path) -> Result<()> {
        match &self.firmware {
            Firmware::Bios => {}
            Firmware::Uefi => {
                let own = directory.join("uefi-variables");
                if !own.exists() {
                    std::fs::copy(OVMF_VARS, &own)
                        .with_context(|| format!("copying {OVMF_VARS} (package ovmf)"))?;
                }
                let flash =
                    |file: &str, rest: &str| format!("if=pflash,format=raw,file={file}{rest}");
                command.args(["-drive", &flash(OVMF_CODE, ",readonly=on")]);
                command.args(["-drive", &flash(&own.display().to_string(), "")]);
            }
            Firmware::Kernel {
                kernel,
                initrd,
                command_line,
            } => {
                command.arg("-kernel").arg(kernel);
                command.arg("-initrd").arg(initrd);
                command.args(["-append", command_line]);
            }
        }
        Ok(())
    }
}

/// The place of the first NIC on the bus: what is added or left out elsewhere moves none.
const FIRST_NIC: usize = 8;

impl Nic {
    fn add_to(&self, command: &mut Command, slot: usize) {
        let Self { id, mac, .. } = self;
        let model = match self.model {
            Model::VirtioNet => "virtio-net-pci",
            Model::E1000e => "e1000e",
        };
        let netdev = match &self.wire {
            Wire::Switch { local, remote } => Some(format!(
                "dgram,id={id}-wire,local.type=unix,local.path={},remote.type=unix,remote.path={}",
                local.display(),
                remote.display()
            )),
            Wire::Loopback { forward } => {
                let ports = forward
                    .iter()
                    .map(|(host, guest)| format!(",hostfwd=tcp:127.0.0.1:{host}-:{guest}"));
                let ports: String = ports.collect();
                Some(format!("user,id={id}-wire,restrict=on{ports}"))
            }
            Wire::Nothing => None,
        };
        let plugged = netdev
            .as_ref()
            .map_or(String::new(), |_| format!(",netdev={id}-wire"));
        if let Some(netdev) = netdev {
            command.args(["-netdev", &netdev]);
        }
        let device = format!("{model},id={id},mac={mac},addr={slot:#x}{plugged},romfile=");
        command.args(["-device", &device]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nic_keeps_its_place_whatever_else_the_machine_has() {
        let nic = Nic {
            id: "nic0".into(),
            model: Model::VirtioNet,
            mac: "52:54:00:00:00:01".into(),
            wire: Wire::Nothing,
        };
        let with = |disk: Option<Disk>| {
            let hardware = Hardware {
                firmware: Firmware::Bios,
                disk,
                nics: vec![nic.clone()],
                memory: 512,
            };
            let command = hardware.command(Path::new("/nowhere")).unwrap();
            let words: Vec<_> = command
                .get_args()
                .map(|w| w.to_string_lossy().into_owned())
                .collect();
            words
                .into_iter()
                .find(|w| w.starts_with("virtio-net-pci"))
                .unwrap()
        };
        let disk = Disk {
            path: "/disk".into(),
            controller: Controller::Nvme,
        };
        assert_eq!(with(None), with(Some(disk)));
        assert!(with(None).contains("addr=0x8"));
    }
}
