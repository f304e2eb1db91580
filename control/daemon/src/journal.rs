//! The journal: what a commit is about to do, so that a start can finish or undo it.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable::{self, Found};
use crate::history::Entry;
use crate::trial::Trial;

const KIND: &str = "journal";

/// A commit that every daemon agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// The running file as it was.
    pub old: String,
    /// The running file as it will be.
    pub new: String,
    /// What the history will say.
    pub entry: Entry,
    /// When it goes back by itself, and to what.
    pub trial: Option<Trial>,
}

impl Journal {
    /// Where it is.
    pub fn path(directory: &Path) -> PathBuf {
        directory.join(KIND)
    }

    /// The journal in `directory`; one that is not whole is set aside.
    pub fn read(directory: &Path) -> Option<Self> {
        let path = Self::path(directory);
        let Found::Whole(body) = durable::read_marked(KIND, &path) else {
            return None;
        };
        let journal = serde_json::from_str(&body);
        if let Err(error) = &journal {
            durable::set_aside(&path, &error.to_string());
        }
        journal.ok()
    }

    /// Writes it. When this returns, it outlives a power cut.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let body = serde_json::to_string(self)? + "\n";
        let text = durable::marked(KIND, &body);
        durable::replace(&Self::path(directory), text.as_bytes())
    }

    /// Removes it: what it says has been done, or will not be.
    pub fn remove(directory: &Path) -> io::Result<()> {
        durable::remove(&Self::path(directory))
    }

    /// Moves one out of the way that speaks of another running file than there is.
    pub fn set_aside(directory: &Path, why: &str) {
        durable::set_aside(&Self::path(directory), why);
    }
}
