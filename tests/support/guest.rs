//! A Debian guest as a real peer: its kernel's bonding, VLANs and bridges, told what to do by shell commands.
//! No root is needed; QEMU and the guest are (`cargo xtask guest`, then FOURFOLD_GUEST names its folder).
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use tests::guest::{Guest, Port};
//!
//! # let room = std::path::Path::new("/nowhere");
//! let port = Port::open(room, "eth0")?;
//! let mut guest = Guest::boot(room, &[port.wire()])?;
//! guest.run("ip link add bond0 type bond mode balance-xor miimon 100")?;
//! assert_eq!(guest.run("cat /sys/class/net/bond0/bonding/mode")?, "balance-xor 2");
//! assert!(guest.run("ip link set nothing up").is_err());
//! # Ok(())
//! # }
//! ```
//! NICs are eth0, eth1 … in the order of their wires. Besides busybox there are iproute2 and ethtool; a
//! module that the kernel does not load by itself is loaded by `modprobe`.

pub mod facing;
mod port;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

pub use port::Port;

use crate::qemu::{Firmware, Hardware, Machine, Model, Nic, Wire};

/// The variable that names the guest's folder: `vmlinuz` and `initrd` lie in it.
pub const GUEST: &str = "FOURFOLD_GUEST";

/// From power on to the shell, with two busy processors underneath.
const BOOTS: Duration = Duration::from_secs(120);
/// How long a command may take.
const ANSWERS: Duration = Duration::from_secs(60);
/// A kernel that dies under emulation before its first program is started again so often.
const ATTEMPTS: u32 = 3;
/// In MiB.
const MEMORY: u32 = 512;

/// What the first program says when it has done its work.
const READY: &str = "guest: ready";
/// What stands before the exit status behind each answer.
const STATUS: &str = "guest: status ";

/// A running guest; dropping it takes its power away.
#[derive(Debug)]
pub struct Guest {
    /// The machine: its console's transcript, its monitor that pulls cables.
    pub machine: Machine,
}

impl Guest {
    /// Boots a guest with a NIC on each of these wires; its sockets and logs lie in `room`.
    pub fn boot(room: &Path, wires: &[Wire]) -> Result<Self> {
        let hardware = hardware(&folder()?, wires);
        let mut attempt = 1;
        loop {
            let mut machine = Machine::start(&hardware, room)?;
            match machine.serial.expect(READY, BOOTS) {
                Ok(before) => {
                    ensure!(!before.contains("no module"), "{before}");
                    let mut guest = Self { machine };
                    guest.run("true")?; // what the shell says first is no answer
                    return Ok(guest);
                }
                Err(error) => {
                    let is_emulation = machine.serial.transcript().contains("Kernel panic");
                    if !is_emulation || attempt == ATTEMPTS {
                        return Err(error.context("booting the guest"));
                    }
                    attempt += 1;
                }
            }
        }
    }

    /// Has the guest's shell run `commands`, of a line or several, and returns what they said, without
    /// blanks at its ends. When the last of them fails that is an error with what was said; `(set -e` at
    /// the beginning and `)` at the end make it any of them.
    pub fn run(&mut self, commands: &str) -> Result<String> {
        self.run_within(commands, ANSWERS)
    }

    /// As [`Guest::run`], for what takes longer.
    pub fn run_within(&mut self, commands: &str, bound: Duration) -> Result<String> {
        let serial = &mut self.machine.serial;
        // In one pair of braces: the shell reads all of it before it runs the first.
        let lines = commands.replace('\n', "\r");
        serial.send_line(&format!("{{ {lines}\r}} 2>&1; echo \"{STATUS}$?.\""))?;
        let answer = serial.expect_where(bound, |new| {
            let (said, rest) = new.split_once(STATUS)?;
            let (status, _) = rest.split_once('.')?;
            let length = said.len() + STATUS.len() + status.len() + 1;
            Some((length, (said.trim().to_owned(), status.to_owned())))
        });
        let (said, status) = answer.with_context(|| format!("in the guest: {commands}"))?;
        ensure!(
            status == "0",
            "in the guest `{commands}` ended with {status}: {said}"
        );
        Ok(said)
    }

    /// Plugs NIC `number` in (`up`) or out; the guest sees its carrier change.
    pub fn set_link(&mut self, number: usize, up: bool) -> Result<()> {
        self.machine.qmp.set_link(&format!("eth{number}"), up)
    }
}

fn folder() -> Result<PathBuf> {
    let folder = std::env::var_os(GUEST)
        .with_context(|| format!("{GUEST} is not set: `cargo xtask guest` says what to"))?;
    Ok(folder.into())
}

fn hardware(folder: &Path, wires: &[Wire]) -> Hardware {
    let nic = |(number, wire): (usize, &Wire)| Nic {
        id: format!("eth{number}"),
        model: Model::VirtioNet,
        mac: format!("52:54:00:05:00:{number:02x}"),
        wire: wire.clone(),
    };
    Hardware {
        firmware: Firmware::Kernel {
            kernel: folder.join("vmlinuz"),
            initrd: folder.join("initrd"),
            command_line: "console=ttyS0,115200 quiet panic=-1".to_owned(),
        },
        disk: None,
        nics: wires.iter().enumerate().map(nic).collect(),
        memory: MEMORY,
    }
}
