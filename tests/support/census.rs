//! What exists on the machine, to compare before and after a lab.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::namespace;

/// Namespaces, interfaces, mounts, processes, pins and temporary files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census(BTreeSet<String>);

/// Programs that only a lab starts. A whole list of processes would report every stranger that
/// comes and goes meanwhile.
const PROGRAMS: [&str; 9] = [
    "nginx",
    "ovsdb-server",
    "ovs-vswitchd",
    "supervisor",
    "lvsd",
    "bondd",
    "hostd",
    "tcpdump",
    "ping",
];

impl Census {
    /// Takes it now.
    pub fn take() -> Self {
        let mut seen = BTreeSet::new();
        for directory in [namespace::DIRECTORY, "/sys/class/net", "/sys/fs/bpf"] {
            seen.extend(names(directory));
        }
        let temporary = std::env::temp_dir();
        seen.extend(
            names(temporary)
                .into_iter()
                .filter(|name| name.contains("/fourfold-")),
        );
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        seen.extend(
            mounts
                .lines()
                .filter_map(|line| line.split(' ').nth(4))
                .map(|point| format!("mount {point}")),
        );
        let processes = namespace::all_processes().into_iter();
        let started = processes.filter(|process| PROGRAMS.contains(&process.name.as_str()));
        seen.extend(started.map(|process| format!("process {} {}", process.pid, process.name)));
        Self(seen)
    }

    /// What exists now and did not exist when `self` was taken.
    pub fn left_behind(&self) -> Vec<String> {
        Self::take().0.difference(&self.0).cloned().collect()
    }
}

fn names(directory: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().display().to_string())
        .collect()
}
