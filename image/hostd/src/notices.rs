//! Notices: what is wrong with the box as a whole, a file for each in a directory that is empty after a boot.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::files;

/// The directory of notices.
#[derive(Clone, Debug)]
pub struct Notices {
    dir: PathBuf,
}

impl Notices {
    /// Those in this directory.
    pub const fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Gives a notice, or takes it back. Where that cannot be done, the log has said it.
    pub fn set(&self, name: &str, text: Option<&str>) {
        let path = self.dir.join(name);
        let result = match text {
            Some(text) => {
                let made = fs::create_dir_all(&self.dir);
                made.and_then(|()| files::write(&path, 0o644, &format!("{text}\n")))
            }
            None => match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
                _ => Ok(()),
            },
        };
        if let Err(e) = result {
            eprintln!("hostd: notice {name}: {e}");
        }
    }

    /// Every line of every notice, in the order of their names.
    pub fn lines(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return Vec::new();
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> = paths.collect();
        paths.sort();
        let texts = paths
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok());
        let lines = texts.flat_map(|text| {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines
        });
        lines.filter(|line| !line.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_there_until_it_is_taken_back_and_all_are_shown_by_name() {
        let dir = tempfile::tempdir().expect("a directory");
        let notices = Notices::new(dir.path().join("notices"));
        assert_eq!(notices.lines(), [""; 0]);
        notices.set("ssh", None);
        notices.set("ssh", Some("no host key"));
        notices.set("data", Some("one\ntwo"));
        assert_eq!(notices.lines(), ["one", "two", "no host key"]);
        notices.set("data", None);
        assert_eq!(notices.lines(), ["no host key"]);
    }
}
