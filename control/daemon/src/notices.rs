//! `notices/configuration`: what is wrong with the configuration as a whole, a line each, for this boot.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file.
#[derive(Clone, Debug)]
pub struct Notices {
    path: PathBuf,
}

impl Notices {
    /// The file in this folder, which is made with the first notice.
    pub fn new(folder: &Path) -> Self {
        Self {
            path: folder.join("configuration"),
        }
    }

    /// Adds a line, unless it is there: one that was killed has written it before.
    pub fn add(&self, line: &str) {
        let line: String = line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if let Err(error) = self.write(&line) {
            // It is on standard error all the same, and nothing that is to be done depends on it.
            eprintln!("ctld: {}: {error}", self.path.display());
        }
    }

    fn write(&self, line: &str) -> io::Result<()> {
        let there = fs::read_to_string(&self.path).unwrap_or_default();
        if there.lines().any(|one| one == line) {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::options().append(true).create(true).open(&self.path)?;
        // Whoever was killed in the middle of a line has left it without an end.
        let end = if there.is_empty() || there.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        file.write_all(format!("{end}{line}\n").as_bytes())
    }
}
