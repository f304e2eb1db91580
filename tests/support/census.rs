//! What exists on the machine of all that a lab makes, to compare before and after one. Strangers
//! that come and go meanwhile are no business of this list.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::lab::directory::PREFIX;
use crate::namespace::{self, Process};

/// Namespaces, interfaces, mounts, processes, pins and temporary files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census(BTreeSet<String>);

/// Names of the lab's interfaces, all of which belong into namespaces.
const INTERFACES: [&str; 20] = [
    "bond0", "eth1", "eth2", "client", "r1", "r2", "r3", "m1", "m2", "m3", "m4", "s1", "s2", "s3",
    "s4", "a1", "a2", "a3", "a4", "br0",
];

impl Census {
    /// Takes it now.
    pub fn take() -> Self {
        let mut seen: BTreeSet<String> = names("/sys/fs/bpf").into_iter().collect();
        let temporary = names(std::env::temp_dir());
        let named = names(namespace::DIRECTORY).into_iter().chain(temporary);
        seen.extend(named.filter(|name| name.contains("/fourfold-")));
        let is_ours = |path: &String| {
            INTERFACES
                .iter()
                .any(|name| path.ends_with(&format!("/{name}")))
        };
        seen.extend(names("/sys/class/net").into_iter().filter(is_ours));
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
        seen.extend(
            points
                .filter(|point| point.contains(PREFIX))
                .map(|point| format!("mount {point}")),
        );
        let processes = namespace::all_processes()
            .into_iter()
            .filter(writes_into_a_lab);
        seen.extend(processes.map(|process| format!("process {} {}", process.pid, process.name)));
        Self(seen)
    }

    /// What exists now and did not exist when `self` was taken.
    pub fn left_behind(&self) -> Vec<String> {
        Self::take().0.difference(&self.0).cloned().collect()
    }
}

/// Whatever a lab starts has its output in the lab's directory, and so have its children; a link
/// to an open file that was removed still tells its name.
fn writes_into_a_lab(process: &Process) -> bool {
    let links = fs::read_dir(format!("/proc/{}/fd", process.pid))
        .into_iter()
        .flatten()
        .flatten();
    let mut files = links.filter_map(|link| fs::read_link(link.path()).ok());
    // The owner holds only the directory itself.
    files.any(|file| {
        file.to_string_lossy()
            .split_once(PREFIX)
            .is_some_and(|(_, rest)| rest.contains('/'))
    })
}

fn names(directory: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().display().to_string())
        .collect()
}
