//! The configurations that ran: `history/NNNN.toml`, each with a line that says when and whose.
//!
//! The newest one is the running one. A file is a configuration like any other; its first two lines
//! are comments: the mark of [`crate::durable`] and the [`Entry`].

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use control::show::Standing;

use control::show::HistoryItem;
use serde::{Deserialize, Serialize};

use crate::durable::{self, Found};

const KIND: &str = "history";

/// How many are kept.
pub const MOST: usize = 50;

/// What is known of a commit beside its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub commit: u64,
    /// When it was made, in seconds since 1970.
    pub unix: u64,
    /// Who made it.
    pub user: String,
    /// The operator's word for it, or ctld's.
    pub comment: Option<String>,
    /// Whether it stayed.
    pub standing: Standing,
    /// Lines that were new with it.
    pub added: usize,
    /// Lines that went away with it.
    pub removed: usize,
}

/// The history in one directory.
#[derive(Debug)]
pub struct History {
    folder: PathBuf,
    entries: BTreeMap<u64, Entry>,
}

impl History {
    /// Reads the entries beside the running file; makes their folder when there is none. What is no
    /// entry is set aside. A folder that cannot be read is an empty one, and a line on standard error.
    pub fn open(directory: &Path) -> Self {
        let folder = directory.join(KIND);
        if folder.exists() && !folder.is_dir() {
            durable::set_aside(&folder, "not a folder");
        }
        let mut history = Self {
            folder,
            entries: BTreeMap::new(),
        };
        if let Err(error) = history.scan() {
            eprintln!("ctld: {}: {error}", history.folder.display());
        }
        history
    }

    fn scan(&mut self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        durable::sync_directory(&self.folder)?;
        for file in fs::read_dir(&self.folder)? {
            let path = file?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".new") {
                drop(fs::remove_file(&path)); // a write that did not come to its end
                continue;
            }
            let Some(stem) = name.strip_suffix(".toml") else {
                continue;
            };
            match stem.parse() {
                Ok(commit) if self.path(commit) == path => self.take_in(commit),
                Ok(_) | Err(_) => durable::set_aside(&path, "not the name of an entry"),
            }
        }
        Ok(())
    }

    fn take_in(&mut self, commit: u64) {
        if let Some((entry, _)) = self.read(commit) {
            self.entries.insert(commit, entry);
        }
    }

    fn path(&self, commit: u64) -> PathBuf {
        self.folder.join(format!("{commit:04}.toml"))
    }

    /// An entry with its text; one that is not whole is set aside.
    fn read(&self, commit: u64) -> Option<(Entry, String)> {
        let path = self.path(commit);
        let Found::Whole(body) = durable::read_marked(KIND, &path) else {
            return None;
        };
        let (line, text) = body.split_once('\n').unwrap_or((&body, ""));
        let entry = line.strip_prefix("# ").map(serde_json::from_str::<Entry>);
        match entry {
            Some(Ok(entry)) if entry.commit == commit => Some((entry, text.to_owned())),
            Some(Ok(_) | Err(_)) | None => {
                durable::set_aside(&path, "not an entry of this number");
                None
            }
        }
    }

    /// The newest entry.
    pub fn newest(&self) -> Option<&Entry> {
        self.entries.values().next_back()
    }

    /// The newest entry whose text is as wanted, and that text.
    pub fn newest_that(&self, is_wanted: impl Fn(&str) -> bool) -> Option<(Entry, String)> {
        let newest_first = self.entries.keys().rev();
        let mut read = newest_first.filter_map(|commit| self.read(*commit));
        read.find(|(_, text)| is_wanted(text))
    }

    /// Every commit for an operator, the newest first.
    pub fn items(&self) -> Vec<HistoryItem> {
        let item = |(rollback, entry): (usize, &Entry)| HistoryItem {
            rollback,
            commit: entry.commit,
            unix: entry.unix,
            user: entry.user.clone(),
            comment: entry.comment.clone(),
            standing: entry.standing,
            added: entry.added,
            removed: entry.removed,
        };
        self.entries.values().rev().enumerate().map(item).collect()
    }

    /// The number of the next commit.
    pub fn next(&self) -> u64 {
        self.newest().map_or(1, |entry| entry.commit + 1)
    }

    /// How many commits one can go back.
    pub fn depth(&self) -> usize {
        self.entries.len().saturating_sub(1)
    }

    /// The commit so many before the newest.
    pub fn before(&self, commits: usize) -> Option<u64> {
        self.entries.keys().rev().nth(commits).copied()
    }

    /// The text of a commit, if it is still as it was written. Else it is no entry any more.
    pub fn text(&mut self, commit: u64) -> Option<String> {
        let read = self.read(commit);
        if read.is_none() {
            self.entries.remove(&commit);
        }
        read.map(|(_, text)| text)
    }

    /// Adds a commit, or writes it once more, and forgets the oldest beyond [`MOST`].
    pub fn add(&mut self, entry: Entry, text: &str) -> io::Result<()> {
        let line = serde_json::to_string(&entry)?;
        let file = durable::marked(KIND, &format!("# {line}\n{text}"));
        durable::replace(&self.path(entry.commit), file.as_bytes())?;
        self.entries.insert(entry.commit, entry);
        while self.entries.len() > MOST {
            if let Some((oldest, _)) = self.entries.pop_first() {
                durable::remove(&self.path(oldest))?;
            }
        }
        Ok(())
    }

    /// Writes down that a commit was confirmed.
    pub fn confirm(&mut self, commit: u64) -> io::Result<()> {
        let Some((entry, text)) = self.read(commit) else {
            return Ok(()); // forgotten, or set aside just now
        };
        let standing = Standing::Confirmed;
        self.add(Entry { standing, ..entry }, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(commit: u64) -> Entry {
        Entry {
            commit,
            unix: 1_763_709_612,
            user: "root".into(),
            comment: Some("with \"quotes\"\nand a line".into()),
            standing: Standing::Trial,
            added: 1,
            removed: 1,
        }
    }

    fn filled(folder: &Path, commits: u64) -> History {
        let mut history = History::open(folder);
        for commit in 1..=commits {
            let text = format!("[lvs]\nqueues = {commit}\n");
            history.add(entry(commit), &text).expect("written");
        }
        history
    }

    #[test]
    fn what_was_added_is_there_when_the_folder_is_read_again() {
        let folder = tempfile::tempdir().expect("a directory");
        drop(filled(folder.path(), 3));
        let mut history = History::open(folder.path());
        assert_eq!(history.newest(), Some(&entry(3)));
        assert_eq!((history.next(), history.depth()), (4, 2));
        assert_eq!(history.before(2), Some(1));
        assert_eq!(history.before(3), None);
        let text = history.text(2).expect("an entry");
        assert_eq!(text, "[lvs]\nqueues = 2\n");
        history.confirm(3).expect("written");
        let newest = history.newest().expect("an entry").standing;
        assert_eq!(newest, Standing::Confirmed);
        assert_eq!(history.text(3).expect("kept"), "[lvs]\nqueues = 3\n");
    }

    #[test]
    fn an_entry_is_a_configuration_file() {
        let folder = tempfile::tempdir().expect("a directory");
        drop(filled(folder.path(), 1));
        let path = folder.path().join("history/0001.toml");
        let config = control::config::load(&path).expect("legal");
        assert_eq!(control::config::print(&config), "");
    }

    #[test]
    fn fifty_are_kept() {
        let folder = tempfile::tempdir().expect("a directory");
        drop(filled(folder.path(), 53));
        let history = History::open(folder.path());
        assert_eq!(history.depth(), 49);
        assert_eq!(history.before(49), Some(4));
        let files = fs::read_dir(folder.path().join(KIND)).expect("a folder");
        assert_eq!(files.count(), 50);
    }

    #[test]
    fn what_is_no_whole_entry_is_set_aside_and_never_used() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut history = filled(folder.path(), 4);
        let inside = |name: &str| folder.path().join(KIND).join(name);
        let edited = fs::read_to_string(inside("0002.toml")).expect("there") + "# edited\n";
        fs::write(inside("0002.toml"), edited).expect("written");
        assert_eq!(history.text(2), None, "edited while ctld runs");
        let cut = fs::read(inside("0003.toml")).expect("there");
        fs::write(inside("0003.toml"), &cut[..cut.len() - 9]).expect("written");
        fs::copy(inside("0001.toml"), inside("0007.toml")).expect("copied");
        fs::write(inside("notes.toml"), "alien").expect("written");
        fs::write(inside("0004.toml.new"), "half").expect("written");
        let history = History::open(folder.path());
        let commits: Vec<u64> = history.entries.keys().copied().collect();
        assert_eq!(commits, [1, 4]);
        for bad in ["0002", "0003", "0007", "notes"] {
            assert!(inside(&format!("{bad}.toml.bad")).exists(), "{bad}");
        }
        assert!(!inside("0004.toml.new").exists());
    }
}
