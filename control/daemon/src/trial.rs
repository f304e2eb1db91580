//! A commit on trial (`commit confirmed`): the file `confirm` says until when, and what comes back.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use control::calendar::utc;
use serde::{Deserialize, Serialize};

use crate::durable::{self, Found};

const KIND: &str = "confirm";

/// The longest trial, in minutes: a week.
pub const MOST_MINUTES: u32 = 7 * 24 * 60;

/// A commit that goes back by itself unless it is confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The commit.
    pub commit: u64,
    /// Who made it.
    pub user: String,
    /// When, in seconds since 1970.
    pub since: u64,
    /// For how many minutes.
    pub minutes: u32,
    /// The configuration that comes back, as a canonical text.
    pub back: String,
}

/// What the file `confirm` held.
#[derive(Debug, PartialEq, Eq)]
pub enum OnDisk {
    /// No commit is on trial.
    Nothing,
    /// This one is.
    Trial(Trial),
    /// One was, but the file was not whole, and was set aside.
    Bad,
}

impl Trial {
    /// Where it is.
    pub fn path(directory: &Path) -> PathBuf {
        directory.join(KIND)
    }

    /// The trial in `directory`.
    pub fn read(directory: &Path) -> OnDisk {
        let path = Self::path(directory);
        match durable::read_marked(KIND, &path) {
            Found::Nothing => OnDisk::Nothing,
            Found::Bad => OnDisk::Bad,
            Found::Whole(body) => match serde_json::from_str(&body) {
                Ok(trial) => OnDisk::Trial(trial),
                Err(error) => {
                    durable::set_aside(&path, &error.to_string());
                    OnDisk::Bad
                }
            },
        }
    }

    /// Writes it. When this returns, it outlives a power cut.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let body = serde_json::to_string(self)? + "\n";
        let text = durable::marked(KIND, &body);
        durable::replace(&Self::path(directory), text.as_bytes())
    }

    /// Ends the trial in `directory`, if there is one.
    pub fn remove(directory: &Path) -> io::Result<()> {
        durable::remove(&Self::path(directory))
    }

    /// Moves one out of the way that is of another commit than the last one.
    pub fn set_aside(directory: &Path, why: &str) {
        durable::set_aside(&Self::path(directory), why);
    }

    /// Until when it must be confirmed, in seconds since 1970.
    pub fn deadline(&self) -> u64 {
        self.since
            .saturating_add(u64::from(self.minutes).saturating_mul(60))
    }

    /// How long there is left to confirm it. Never more than the whole of it: a clock that was set
    /// back while nobody watched gives no other gift than that.
    pub fn left(&self, now: u64) -> Duration {
        let left = self.deadline().saturating_sub(now);
        Duration::from_secs(left.min(u64::from(self.minutes) * 60))
    }

    /// For an operator: what is on trial, whose it is, and until when.
    pub fn words(&self) -> String {
        format!(
            "commit {} of {}, made {}, is on trial until {}",
            self.commit,
            self.user,
            utc(self.since),
            utc(self.deadline())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial() -> Trial {
        Trial {
            commit: 13,
            user: "root".into(),
            since: 1_000_000,
            minutes: 5,
            back: "[lvs]\nqueues = 2\n".into(),
        }
    }

    #[test]
    fn a_trial_has_what_is_left_of_its_minutes_and_never_more() {
        assert_eq!(trial().left(1_000_000).as_secs(), 300);
        assert_eq!(trial().left(1_000_299).as_secs(), 1);
        assert_eq!(trial().left(1_000_300).as_secs(), 0);
        assert_eq!(trial().left(2_000_000).as_secs(), 0, "overdue");
        assert_eq!(trial().left(10).as_secs(), 300, "the clock was set back");
    }

    #[test]
    fn a_trial_survives_on_disk_and_one_cut_off_is_told_from_none() {
        let folder = tempfile::tempdir().expect("a directory");
        assert_eq!(Trial::read(folder.path()), OnDisk::Nothing);
        trial().write(folder.path()).expect("written");
        assert_eq!(Trial::read(folder.path()), OnDisk::Trial(trial()));
        let path = folder.path().join("confirm");
        let whole = std::fs::read(&path).expect("there");
        std::fs::write(&path, &whole[..whole.len() - 1]).expect("written");
        assert_eq!(Trial::read(folder.path()), OnDisk::Bad);
        assert_eq!(Trial::read(folder.path()), OnDisk::Nothing);
        std::fs::write(&path, durable::marked(KIND, "{}")).expect("written");
        assert_eq!(Trial::read(folder.path()), OnDisk::Bad);
    }
}
