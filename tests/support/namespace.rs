//! A named network namespace: commands, threads and settings inside it, and its end.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sys::netns;

use crate::{run, wait};

/// Where `ip netns` keeps its names.
pub const DIRECTORY: &str = "/run/netns";

/// A named network namespace; dropping it kills what still runs inside and removes it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Creates the namespace and brings its loopback interface up.
    pub fn create(name: &str) -> Result<Self> {
        run::output(run::program("ip").args(["netns", "add", name]))?;
        let namespace = Self {
            name: name.to_owned(),
        };
        namespace.ip(&["link set dev lo up"])?;
        Ok(namespace)
    }

    /// Its name, as `ip netns` lists it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that runs inside.
    pub fn command(&self, program: &str) -> Command {
        command(&self.name, program)
    }

    /// Runs lines of `ip` inside, in one process; the first that fails ends it.
    pub fn ip(&self, lines: &[impl AsRef<str>]) -> Result<()> {
        ip(&self.name, lines)
    }

    /// Runs `work` on a thread of its own inside the namespace.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        netns::run(&self.name, work).context("entering a namespace")?
    }

    /// Sets network sysctls, named by their path below `/proc/sys/net`.
    pub fn sysctl(&self, settings: &[(&str, &str)]) -> Result<()> {
        self.inside(|| {
            settings.iter().try_for_each(|(key, value)| {
                fs::write(format!("/proc/sys/net/{key}"), value)
                    .with_context(|| format!("setting sysctl {key} to {value}"))
            })
        })
    }

    /// Names of the interfaces inside.
    pub fn interfaces(&self) -> Result<Vec<String>> {
        self.inside(|| {
            let table = fs::read_to_string("/proc/thread-self/net/dev")
                .context("reading the interfaces")?;
            Ok(table
                .lines()
                .filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()))
                .collect())
        })
    }

    /// Frames an interface has received and sent, by the kernel's own counters.
    pub fn frames(&self, interface: &str) -> Result<Frames> {
        let table = self.inside(|| {
            fs::read_to_string("/proc/thread-self/net/dev")
                .context("reading the interface counters")
        })?;
        table
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.trim() == interface)
            .and_then(|(_, counters)| Frames::parse(counters))
            .with_context(|| format!("{} has no counters of an interface {interface}", self.name))
    }

    /// Resets that established TCP connections have suffered inside (`Tcp: EstabResets`).
    pub fn established_resets(&self) -> Result<u64> {
        let table = self.inside(|| {
            fs::read_to_string("/proc/thread-self/net/snmp").context("reading the TCP counters")
        })?;
        let mut rows = table.lines().filter_map(|line| line.strip_prefix("Tcp: "));
        let (names, values) = rows.next().zip(rows.next()).context("no TCP counters")?;
        let mut pairs = names.split(' ').zip(values.split(' '));
        let (_, value) = pairs
            .find(|(name, _)| *name == "EstabResets")
            .context("no EstabResets")?;
        value.parse().context("a counter that is no number")
    }

    /// Processes inside.
    pub fn processes(&self) -> Vec<Process> {
        processes(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&[self.name.as_str()]);
    }
}

/// Frames seen by an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frames {
    /// Received.
    pub received: u64,
    /// Sent.
    pub sent: u64,
}

impl Frames {
    /// The two columns of `/proc/net/dev` (after the colon: eight of receive, eight of transmit).
    fn parse(counters: &str) -> Option<Self> {
        let mut columns = counters
            .split_whitespace()
            .map(|column| column.parse().ok());
        Some(Self {
            received: columns.nth(1)??,
            sent: columns.nth(7)??,
        })
    }
}

/// A process found in `/proc`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// Its identifier.
    pub pid: i32,
    /// Its command name, at most 15 bytes.
    pub name: String,
}

/// A command that runs inside the named namespace. Only the network namespace is entered: `ip netns
/// exec` would also make a mount namespace, and what is mounted in there is seen by nobody else.
pub fn command(name: &str, program: &str) -> Command {
    let mut command = run::program("nsenter");
    command
        .arg(format!("--net={}", path(name).display()))
        .args(["--", program]);
    command
}

/// Runs lines of `ip` inside the named namespace, in one process; the first that fails ends it.
pub fn ip(name: &str, lines: &[impl AsRef<str>]) -> Result<()> {
    let input = lines
        .iter()
        .map(AsRef::as_ref)
        .collect::<Vec<_>>()
        .join("\n");
    let mut command = run::program("ip");
    run::output_with_input(command.args(["-n", name, "-batch", "-"]), &input)?;
    Ok(())
}

/// The file a namespace's name is bound to.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(DIRECTORY).join(name)
}

/// Kills every process inside the named namespaces (never the caller), waits until they are gone,
/// and removes the names.
pub fn remove(names: &[&str]) {
    let emptied = wait::until(
        "the processes of a namespace to end",
        std::time::Duration::from_secs(10),
        || {
            let left = processes_inside(names);
            for process in &left {
                // It may have ended since it was listed.
                kill(Pid::from_raw(process.pid), Signal::SIGKILL).ok();
            }
            left.is_empty().then_some(())
        },
    );
    if let Err(error) = emptied {
        eprintln!("{error:#}");
    }
    for name in names {
        let path = path(name);
        // A name whose mount has gone already is a plain file.
        umount2(&path, MntFlags::MNT_DETACH).ok();
        if path.exists()
            && let Err(error) = fs::remove_file(&path)
        {
            eprintln!("cannot remove {}: {error}", path.display());
        }
    }
}

/// Processes inside the named namespace.
pub fn processes(name: &str) -> Vec<Process> {
    processes_inside(&[name])
}

fn processes_inside(names: &[&str]) -> Vec<Process> {
    let inodes: Vec<u64> = names
        .iter()
        .filter_map(|name| Some(fs::metadata(path(name)).ok()?.ino()))
        .collect();
    let own = i32::try_from(std::process::id()).ok();
    all_processes()
        .into_iter()
        .filter(|process| Some(process.pid) != own)
        .filter(|process| {
            let namespace = fs::metadata(format!("/proc/{}/ns/net", process.pid));
            namespace.is_ok_and(|namespace| inodes.contains(&namespace.ino()))
        })
        .collect()
}

/// Every process of the machine.
pub fn all_processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut processes: Vec<Process> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            Some(Process {
                pid,
                name: name.trim_end().to_owned(),
            })
        })
        .collect();
    processes.sort();
    processes
}
