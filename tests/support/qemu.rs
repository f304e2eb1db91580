//! A machine in QEMU, without root: its hardware as a value, its serial console, its monitor.
//!
//! QEMU emulates (`-accel tcg`): hardware virtualisation is not always what it says it is, and a
//! test that passes on one machine shall pass on every other.

mod hardware;
mod qmp;
mod serial;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};

pub use hardware::{Controller, Disk, Firmware, Hardware, Model, Nic, Wire};
pub use qmp::Qmp;
pub use serial::Serial;

use crate::daemon::Daemon;
use crate::wait;

/// How long QEMU may take until it offers its sockets.
const QEMU_STARTS: Duration = Duration::from_secs(20);

/// A running machine; dropping it takes its power away.
#[derive(Debug)]
pub struct Machine {
    qemu: Daemon,
    /// The serial console.
    pub serial: Serial,
    /// QEMU's monitor.
    pub qmp: Qmp,
    log: PathBuf,
}

impl Machine {
    /// Switches on a machine whose sockets and logs lie in `directory`, made if need be.
    pub fn start(hardware: &Hardware, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("creating {}", directory.display()))?;
        let (serial, monitor) = (directory.join("serial.sock"), directory.join("qmp.sock"));
        for socket in [&serial, &monitor] {
            // QEMU does not take over the socket of a dead one.
            std::fs::remove_file(socket).ok();
        }
        let mut command = hardware.command(directory)?;
        let socket = |id: &str, path: &Path, wait: &str| {
            format!(
                "socket,id={id},path={},server=on,wait={wait}",
                path.display()
            )
        };
        // The first byte of the console is not to be missed: QEMU waits for its reader.
        command.args(["-chardev", &socket("serial", &serial, "on")]);
        command.args(["-serial", "chardev:serial"]);
        command.args(["-chardev", &socket("monitor", &monitor, "off")]);
        command.args(["-mon", "chardev=monitor,mode=control"]);
        let log = directory.join("qemu.log");
        let mut qemu = Daemon::start("qemu-system-x86_64", command, &log)?;
        let connected = (|| {
            let alive = |qemu: &mut Daemon| qemu.ended().is_none();
            let serial =
                Serial::connect(&serial, &directory.join("serial.log"), QEMU_STARTS, || {
                    alive(&mut qemu)
                })?;
            Ok((serial, Qmp::connect(&monitor, QEMU_STARTS)?))
        })();
        let (serial, qmp) = connected.map_err(|error: anyhow::Error| {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            error.context(format!("QEMU said: {}", said.trim()))
        })?;
        Ok(Self {
            qemu,
            serial,
            qmp,
            log,
        })
    }

    /// Takes the power away: QEMU is killed.
    pub fn kill(self) {}

    /// Waits until QEMU has ended by itself, which a guest that powers off brings about.
    pub fn wait_off(mut self, bound: Duration) -> Result<ExitStatus> {
        wait::until("the machine to power off", bound, || self.qemu.ended())
    }

    /// What QEMU itself has said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// The command that runs `hardware` with its console on this process's terminal (Ctrl-A X ends it).
pub fn on_terminal(hardware: &Hardware, directory: &Path) -> Result<Command> {
    let mut command = hardware.command(directory)?;
    command.args(["-serial", "mon:stdio"]);
    Ok(command)
}
