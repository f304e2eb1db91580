//! What the supervisor writes to its output: kept in memory's file system, bounded, and never on a console.
//! The log of the box is the supervisor's own file; this is for the lines before it is open, and the last
//! words of one that dies.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file is begun anew when it is this long; the one before it is kept.
const MAX: usize = 256 << 10;

/// A line's end is kept for the report of a death, no more of it.
const MAX_LINE: usize = 400;

/// A file with one older one beside it.
#[derive(Debug)]
pub struct Transcript {
    path: PathBuf,
    file: Option<File>,
    len: usize,
    line: Vec<u8>,
    last: String,
}

impl Transcript {
    /// In `path`, from the start of the machine on.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            file: None,
            len: 0,
            line: Vec::new(),
            last: String::new(),
        }
    }

    /// Adds what was written. A file system that is full takes nothing more, and that is all.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.file.is_none() || self.len >= MAX {
            self.begin();
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes).ok();
            self.len += bytes.len();
        }
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line();
            } else if self.line.len() < MAX_LINE {
                self.line.push(*byte);
            }
        }
    }

    /// The last line that is not empty.
    pub fn last(&mut self) -> &str {
        self.end_line();
        &self.last
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line).trim().to_owned();
        self.line.clear();
        if !line.is_empty() {
            self.last = line;
        }
    }

    fn begin(&mut self) {
        if self.file.is_some() {
            fs::rename(&self.path, self.path.with_extension("1")).ok();
        }
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory).ok();
        }
        let mut options = OpenOptions::new();
        self.file = options
            .create(true)
            .write(true)
            .truncate(true)
            .open(&self.path)
            .ok();
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_and_its_last_line_is_known() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log/supervisor");
        let mut transcript = Transcript::new(&path);
        transcript.write(b"one\ntw");
        transcript.write(b"o\n\n");
        assert_eq!(transcript.last(), "two");
        transcript.write(b"a tail");
        assert_eq!(transcript.last(), "a tail");
        let text = fs::read_to_string(&path).expect("there");
        assert_eq!(text, "one\ntwo\n\na tail");
    }

    #[test]
    fn a_full_file_is_kept_once_and_no_more() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("supervisor");
        let mut transcript = Transcript::new(&path);
        for letter in [b'a', b'b', b'c', b'd'] {
            transcript.write(&[letter; MAX]);
        }
        let first = |path: &Path| fs::read(path).expect("there")[0];
        assert_eq!(first(&path), b'd');
        assert_eq!(first(&path.with_extension("1")), b'c');
        assert_eq!(fs::read_dir(directory.path()).expect("read").count(), 2);
    }

    #[test]
    fn where_nothing_can_be_written_the_last_line_is_known_all_the_same() {
        let mut transcript = Transcript::new(Path::new("/proc/none/supervisor"));
        transcript.write(b"still known\n");
        assert_eq!(transcript.last(), "still known");
    }
}
