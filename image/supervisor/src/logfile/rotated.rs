//! A file that does not grow for ever: when it is full it becomes `FILE.1`, in the place of the one before.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::line;
use crate::events::Event;

/// The file becomes no larger.
pub const FULL: u64 = 4 << 20;

/// The file, open as soon as that can be.
#[derive(Debug)]
pub struct Rotated {
    path: PathBuf,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

impl Rotated {
    /// The file at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes whole lines behind those that are there, or nothing.
    pub fn append(&mut self, lines: &str) -> io::Result<()> {
        let more = u64::try_from(lines.len()).unwrap_or(FULL);
        let is_full = |open: &Open| open.bytes > 0 && open.bytes.saturating_add(more) > FULL;
        if self.open.as_ref().is_some_and(is_full) {
            fs::rename(&self.path, self.before())?;
            self.open = None;
        }
        let open = match self.open.take() {
            Some(open) => self.open.insert(open),
            None => self.open.insert(Open::new(&self.path)?),
        };
        let appended = open.append(lines.as_bytes());
        if appended.is_err() {
            // Opened anew, it may be one of a disk that is there again.
            self.open = None;
        }
        appended
    }

    /// Brings what was written to the disk itself.
    pub fn sync(&self) -> io::Result<()> {
        self.open
            .as_ref()
            .map_or(Ok(()), |open| open.file.sync_data())
    }

    /// The last `most` lines, the oldest first.
    pub fn tail(&self, most: usize) -> io::Result<Vec<Event>> {
        let mut tail = lines(&self.path)?;
        if tail.len() < most {
            let mut all = lines(&self.before()).unwrap_or_default();
            all.append(&mut tail);
            tail = all;
        }
        let too_many = tail.len().saturating_sub(most);
        tail.drain(..too_many);
        Ok(tail)
    }

    fn before(&self) -> PathBuf {
        let mut name: OsString = self.path.as_os_str().to_owned();
        name.push(".1");
        name.into()
    }
}

impl Open {
    fn new(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = File::options();
        let options = options.read(true).append(true).create(true);
        let file = options.mode(0o640).open(path)?;
        let bytes = file.metadata()?.len();
        let mut open = Self { file, bytes };
        if open.is_cut()? {
            open.append(b"\n")?;
        }
        Ok(open)
    }

    /// Whether the last line has no end: the power went away.
    fn is_cut(&mut self) -> io::Result<bool> {
        if self.bytes == 0 {
            return Ok(false);
        }
        let mut last = [0];
        self.file.seek(SeekFrom::End(-1))?;
        self.file.read_exact(&mut last)?;
        Ok(last != *b"\n")
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        match &written {
            Ok(()) => self.bytes += u64::try_from(bytes.len()).unwrap_or(0),
            // Half a line would spoil the next one; where it cannot be taken back, the next to open it
            // ends it.
            Err(_) => drop(self.file.set_len(self.bytes)),
        }
        written
    }
}

fn lines(path: &Path) -> io::Result<Vec<Event>> {
    // No more than there should be, whatever is there.
    let mut bytes = Vec::new();
    File::open(path)?.take(2 * FULL).read_to_end(&mut bytes)?;
    let lines = bytes.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(line::read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize) -> String {
        format!("2026-08-01T12:00:00.250Z lvsd: {n:0>990}\n")
    }

    fn last(file: &Rotated) -> usize {
        let tail = file.tail(1).expect("lines");
        tail[0].text.parse().expect("a number")
    }

    #[test]
    fn the_file_and_the_one_before_it_are_all_there_is() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut file = Rotated::new(folder.path().join("messages"));
        for n in 0..15_000 {
            file.append(&line(n)).expect("written");
        }
        let files = fs::read_dir(folder.path()).expect("a directory");
        let sizes = files.map(|file| file.expect("a file").metadata().expect("there").len());
        let sizes: Vec<u64> = sizes.collect();
        assert_eq!(sizes.len(), 2);
        assert!(sizes.iter().all(|size| *size <= FULL), "{sizes:?}");
        assert_eq!(last(&file), 14_999);
        assert_eq!(file.tail(1_000).expect("lines").len(), 1_000);
        assert_eq!(file.tail(5_000).expect("lines").len(), 5_000, "from both");
    }

    #[test]
    fn it_goes_on_behind_what_was_cut_and_counts_what_was_there() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("messages");
        fs::write(&path, line(1) + "2026-08-01T12:00:00.250Z lvs").expect("written");
        let mut file = Rotated::new(path.clone());
        file.append(&line(2)).expect("written");
        let read = file.tail(9).expect("lines");
        assert_eq!(read.len(), 2, "{read:?}");
        assert_eq!(last(&file), 2);
        fs::write(&path, vec![0; usize::try_from(FULL).expect("small")]).expect("written");
        let mut file = Rotated::new(path);
        for n in 3..=4 {
            file.append(&line(n)).expect("written");
        }
        assert!(
            folder.path().join("messages.1").exists(),
            "it grows for ever"
        );
        assert_eq!(last(&file), 4);
    }
}
