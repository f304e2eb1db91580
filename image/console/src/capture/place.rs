//! Where a capture goes: standard output, or a file of the box.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use control::calendar::utc;
use sys::clock::unix_millis;

use crate::failure::Failure;

/// Captures that are kept on the box; the oldest makes room for a new one.
const KEPT: usize = 8;

const SUFFIX: &str = "pcapng";

/// Where frames go.
#[derive(Debug)]
pub(super) enum Place {
    /// Standard output, which is no terminal.
    Output,
    /// A new file.
    File(PathBuf),
}

impl Place {
    /// A file of this name in `data_dir`; without a name standard output, unless a person looks at it.
    pub(super) fn choose(
        data_dir: &Path,
        interface: &str,
        name: Option<&str>,
    ) -> Result<Self, Failure> {
        let name = match name {
            None if !io::stdout().is_terminal() => return Ok(Self::Output),
            None => format!("{interface}-{}", stamp(unix_millis() / 1000)),
            Some(name) => checked(name)?,
        };
        let path = data_dir.join("capture").join(format!("{name}.{SUFFIX}"));
        let failed = |error| Failure::Failed(format!("{}: {error}", path.display()));
        fs::create_dir_all(data_dir.join("capture")).map_err(failed)?;
        File::create_new(&path).map_err(failed)?;
        Ok(Self::File(path))
    }

    pub(super) const fn is_file(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Output => false,
        }
    }

    pub(super) fn writer(&self) -> io::Result<BufWriter<Box<dyn Write>>> {
        let out: Box<dyn Write> = match self {
            // Not io::stdout(), which flushes at every byte that looks like a line's end.
            Self::Output => Box::new(File::from(output()?)),
            Self::File(path) => Box::new(File::options().append(true).open(path)?),
        };
        Ok(BufWriter::with_capacity(64 << 10, out))
    }

    /// Whose end ends the capture.
    pub(super) fn watched(&self) -> io::Result<Option<OwnedFd>> {
        match self {
            Self::Output => output().map(Some),
            Self::File(_) => Ok(None),
        }
    }

    /// Makes room beside a file that was written.
    pub(super) fn keep(&self) -> Result<(), Failure> {
        let Self::File(path) = self else {
            return Ok(());
        };
        let Some(folder) = path.parent() else {
            return Ok(());
        };
        for old in oldest(folder, KEPT)? {
            super::tell(&format!("{}: removed, {KEPT} are kept", old.display()));
            fs::remove_file(&old)?;
        }
        Ok(())
    }

    /// Removes what is not whole.
    pub(super) fn discard(&self) {
        if let Self::File(path) = self {
            // It may be gone already.
            drop(fs::remove_file(path));
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => f.write_str("standard output"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

fn output() -> io::Result<OwnedFd> {
    io::stdout().as_fd().try_clone_to_owned()
}

/// All captures of `folder` but the `most` youngest.
fn oldest(folder: &Path, most: usize) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == SUFFIX) {
            found.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    found.sort();
    found.truncate(found.len().saturating_sub(most));
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// A name that stays in its folder.
fn checked(name: &str) -> Result<String, Failure> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.starts_with('.') || name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
        let fault = "1 to 64 of a-z, A-Z, 0-9, - _ . and no dot at its begin";
        return Err(Failure::usage(format!("file {name}: {fault}")));
    }
    Ok(name.trim_end_matches(".pcapng").to_owned())
}

/// Seconds since 1970 as a part of a file's name.
pub(crate) fn stamp(unix: u64) -> String {
    let digits = utc(unix).replace(['-', ':'], "").replace(' ', "T");
    digits.trim_end_matches("TUTC").to_owned() + "Z"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        assert_eq!(checked("lacp-1.pcapng").expect("a name"), "lacp-1");
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "../x",
            ".hidden",
            "a b",
            &"x".repeat(65),
        ] {
            assert!(checked(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_oldest_captures_are_those_beyond_the_youngest() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for (name, age) in [
            ("a.pcapng", 30),
            ("b.pcapng", 10),
            ("c.pcapng", 20),
            ("d.txt", 40),
        ] {
            let file = File::create(path(name)).expect("a file");
            let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
            file.set_modified(time).expect("a time");
        }
        assert_eq!(
            oldest(folder.path(), 1).expect("read"),
            [path("a.pcapng"), path("c.pcapng")]
        );
        assert!(oldest(folder.path(), 3).expect("read").is_empty());
    }

    #[test]
    fn a_stamp_has_no_blanks() {
        assert_eq!(stamp(1_785_585_600), "20260801T120000Z");
    }
}
