//! What init is told: by the boot loader on the kernel's command line, and by the image of itself.

use std::fs;

use crate::grubenv::Slot;

/// Fourfold's words on the kernel's command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// `fourfold.slot=a`: where this system was started from.
    pub slot: Option<Slot>,
    /// `fourfold.hold=DAEMON/STEP`: for tests, where that daemon is to stop.
    pub hold: Option<String>,
}

impl CommandLine {
    /// The one of this start.
    pub fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/cmdline").unwrap_or_default())
    }

    /// Words are parted by blanks; the last of a kind counts.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut line = Self::default();
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some(("fourfold.slot", slot)) => line.slot = Slot::parse(slot),
                Some(("fourfold.hold", step)) if step.contains('/') => {
                    line.hold = Some(step.to_owned());
                }
                _ => {}
            }
        }
        line
    }
}

/// The first line of a start: `Fourfold 0.1.0, slot a`.
#[must_use]
pub fn banner(slot: Option<Slot>) -> String {
    let release = fs::read_to_string("/etc/fourfold/release").unwrap_or_default();
    let version = version(&release).unwrap_or(env!("CARGO_PKG_VERSION"));
    match slot {
        Some(slot) => format!("Fourfold {version}, slot {}", slot.letter()),
        None => format!("Fourfold {version}"),
    }
}

fn version(release: &str) -> Option<&str> {
    let line = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION="));
    line.map(|version| version.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_and_hold_are_found_among_the_kernels_own_words() {
        let line = CommandLine::parse(
            "BOOT_IMAGE=/a/vmlinuz console=ttyS0,115200 fourfold.slot=b quiet fourfold.hold=ctld/running\n",
        );
        assert_eq!(line.slot, Some(Slot::B));
        assert_eq!(line.hold.as_deref(), Some("ctld/running"));
    }

    #[test]
    fn without_them_and_with_nonsense_there_is_none() {
        for text in [
            "",
            "quiet",
            "fourfold.slot=c fourfold.hold=ctld",
            "fourfold.slot slot=a",
        ] {
            assert_eq!(CommandLine::parse(text), CommandLine::default(), "{text}");
        }
    }

    #[test]
    fn the_version_is_a_line_of_the_release() {
        assert_eq!(version("BUILD=7\nVERSION=1.2.3\n"), Some("1.2.3"));
        assert_eq!(version("VERSION=\"1.2.3\"\n"), Some("1.2.3"));
        assert_eq!(version("BUILD=7\n"), None);
    }
}
