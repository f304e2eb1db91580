//! `show version`: what runs on the box.

use std::fs;
use std::path::Path;

use control::show::VersionItem;

use crate::appliance::RELEASE;
use crate::notices::Notices;

/// The box as the files below `root` describe it.
pub fn version(root: &Path, notices: &Notices) -> VersionItem {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let release = read(RELEASE);
    let value = |key: &str| release.lines().find_map(|line| line.strip_prefix(key));
    let version = value("VERSION=").map(|version| match value("BUILD=") {
        Some(build) => format!("{version} (build {build})"),
        None => version.to_owned(),
    });
    let uptime = read("proc/uptime");
    let seconds = uptime
        .split('.')
        .next()
        .and_then(|whole| whole.parse().ok());
    VersionItem {
        version: version.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
        kernel: read("proc/sys/kernel/osrelease").trim().to_owned(),
        host_name: read("proc/sys/kernel/hostname").trim().to_owned(),
        slot: slot(&read("proc/cmdline")),
        uptime_s: seconds.unwrap_or(0),
        notices: notices.lines(),
    }
}

/// The slot that the kernel was started from.
fn slot(cmdline: &str) -> Option<String> {
    let mut words = cmdline.split_whitespace();
    let slot = words.find_map(|word| word.strip_prefix("fourfold.slot="));
    slot.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("a directory");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn the_box_says_what_it_is_and_since_when() {
        let root = tempfile::tempdir().expect("a directory");
        let files = [
            (RELEASE, "VERSION=0.2.0\nBUILD=20261121\n"),
            ("proc/sys/kernel/osrelease", "6.12.1-amd64\n"),
            ("proc/sys/kernel/hostname", "lb1\n"),
            ("proc/cmdline", "quiet fourfold.slot=b panic=10\n"),
            ("proc/uptime", "4711.25 9000.00\n"),
            ("run/notices/data", "data in memory only\n"),
        ];
        for (path, text) in files {
            write(root.path(), path, text);
        }
        let notices = Notices::new(root.path().join("run/notices"));
        let item = version(root.path(), &notices);
        assert_eq!(item.version, "0.2.0 (build 20261121)");
        assert_eq!(
            (item.kernel.as_str(), item.host_name.as_str()),
            ("6.12.1-amd64", "lb1")
        );
        assert_eq!((item.slot.as_deref(), item.uptime_s), (Some("b"), 4711));
        assert_eq!(item.notices, ["data in memory only"]);
    }

    #[test]
    fn a_host_that_is_no_appliance_has_no_slot_and_the_programs_version() {
        let root = tempfile::tempdir().expect("a directory");
        let notices = Notices::new(root.path().join("run/notices"));
        let item = version(root.path(), &notices);
        assert_eq!(item.version, env!("CARGO_PKG_VERSION"));
        assert_eq!((item.slot, item.notices.len()), (None, 0));
    }
}
