//! Which room may import which, after ARCHITECTURE.md; the arrows point at what may be imported.

use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, Package};

use crate::workspace;

/// Every room with the rooms it may import.
const ARROWS: [(&str, &[&str]); 22] = [
    ("wire", &[]),
    ("bond", &["wire"]),
    ("vrrp", &["wire"]),
    ("lvs", &["wire"]),
    ("bfd", &["wire"]),
    ("health", &["wire"]),
    ("sys", &[]),
    ("netio", &["wire", "sys"]),
    (
        "control",
        &["bond", "vrrp", "lvs", "bfd", "health", "wire", "sys"],
    ),
    (
        "lvsd",
        &["control", "netio", "sys", "lvs", "bond", "vrrp", "wire"],
    ),
    ("bondd", &["control", "netio", "sys", "bond", "bfd", "wire"]),
    (
        "vrrpd",
        &["control", "netio", "sys", "vrrp", "bond", "bfd", "wire"],
    ),
    ("healthd", &["control", "netio", "sys", "health", "wire"]),
    ("hostd", &["control", "netio", "sys", "wire"]),
    ("ctld", &["control", "sys"]),
    ("console", &["control", "sys"]),
    ("login", &["control", "sys"]),
    ("recipe", &[]),
    ("init", &["sys"]),
    ("supervisor", &["sys"]),
    (
        "tests",
        &[
            "control", "sys", "wire", "bond", "lvs", "vrrp", "bfd", "health",
        ],
    ),
    ("xtask", &["tests", "recipe", "sys"]),
];

/// Rooms of pure logic: the outside world reaches them as arguments.
const ENGINES: [&str; 6] = ["wire", "bond", "vrrp", "lvs", "bfd", "health"];

/// What no engine imports: runtimes, sockets, the system, random sources, loggers.
const OUTSIDE: [&str; 14] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "nix",
    "libc",
    "rustix",
    "rand",
    "getrandom",
    "log",
    "tracing",
    "aya",
    "rtnetlink",
];

/// Fails with every arrow that should not be.
pub fn run() -> Result<()> {
    let metadata = workspace::metadata()?;
    let packages = metadata.workspace_packages();
    let rooms: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let faults: Vec<String> = packages
        .iter()
        .flat_map(|package| faults(package.name.as_str(), &imports(package), &rooms))
        .collect();
    if !faults.is_empty() {
        bail!("layers:\n  {}", faults.join("\n  "));
    }
    println!("layers: {} rooms, every arrow as it should be", rooms.len());
    Ok(())
}

/// Names of the packages that `package` imports in its normal build (neither tests nor scripts).
fn imports(package: &Package) -> Vec<String> {
    let normal = package
        .dependencies
        .iter()
        .filter(|one| one.kind == DependencyKind::Normal);
    normal.map(|one| one.name.clone()).collect()
}

fn faults(room: &str, imports: &[String], rooms: &[&str]) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![format!(
            "{room}: a room without a line in the table of arrows"
        )];
    };
    let is_wrong = |import: &&String| {
        let name = import.as_str();
        let wrong_room = rooms.contains(&name) && !allowed.contains(&name);
        wrong_room || (ENGINES.contains(&room) && OUTSIDE.contains(&name))
    };
    imports
        .iter()
        .filter(is_wrong)
        .map(|import| format!("{room} must not import {import}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: [&str; 4] = ["wire", "bond", "lvs", "netio"];

    fn faults_of(room: &str, imports: &[&str]) -> Vec<String> {
        faults(
            room,
            &imports
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>(),
            &ROOMS,
        )
    }

    #[test]
    fn an_engine_may_import_wire_and_plain_libraries() {
        assert_eq!(
            faults_of("bond", &["wire", "heapless", "serde"]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_engine_imports_neither_another_engine_nor_the_outside() {
        assert_eq!(faults_of("bond", &["lvs"]), ["bond must not import lvs"]);
        assert_eq!(
            faults_of("lvs", &["wire", "tokio"]),
            ["lvs must not import tokio"]
        );
    }

    #[test]
    fn a_daemon_may_use_tokio_and_an_unknown_room_is_a_fault() {
        assert_eq!(
            faults_of("lvsd", &["tokio", "netio", "lvs"]),
            Vec::<String>::new()
        );
        assert_eq!(faults_of("attic", &[]).len(), 1);
    }
}
