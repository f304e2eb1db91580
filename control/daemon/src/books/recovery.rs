//! How a start puts the books in order: the commit and the trial that were under way, and a running file
//! that somebody else wrote.

use control::diff;

use super::Books;
use crate::clock::unix;
use crate::history::{Entry, Standing};
use crate::journal::Journal;
use crate::trial::{OnDisk, Trial};

impl Books {
    pub(super) fn recover(&mut self) {
        let Some(journal) = Journal::read(self.directory()) else {
            return;
        };
        let commit = journal.entry.commit;
        if journal.new == self.running.raw {
            match self.complete(&journal) {
                Ok(()) => self.note(format!(
                    "commit {commit} was interrupted and is finished: the new configuration runs"
                )),
                Err(error) => {
                    self.note(format!(
                        "commit {commit} was interrupted; the new configuration runs, but: {error}"
                    ));
                    self.owed = Some(journal);
                    return;
                }
            }
        } else if journal.old == self.running.raw {
            self.note(format!(
                "commit {commit} was interrupted and is undone: the old configuration runs"
            ));
        } else {
            let why = "of another running file than there is";
            return Journal::set_aside(self.directory(), why);
        }
        if let Err(error) = Journal::remove(self.directory()) {
            eprintln!("ctld: {error}");
        }
    }

    pub(super) fn read_trial(&mut self) {
        let newest = self.history.newest().cloned();
        let on_trial = newest.filter(|newest| newest.standing == Standing::Trial);
        match (Trial::read(self.directory()), on_trial) {
            (OnDisk::Trial(trial), Some(newest)) if newest.commit == trial.commit => {
                self.trial = Some(trial);
            }
            // A trial whose history could not be written stands all the same.
            (OnDisk::Trial(trial), _) if self.owed.is_some() => self.trial = Some(trial),
            (OnDisk::Trial(_), _) => {
                Trial::set_aside(self.directory(), "of another commit than the last one");
            }
            (OnDisk::Bad, Some(newest)) => self.trial = self.overdue(&newest),
            // Confirmed, but the history was not told any more.
            (OnDisk::Nothing, Some(newest)) if self.owed.is_none() => {
                if let Err(error) = self.history.confirm(newest.commit) {
                    eprintln!("ctld: {error}");
                }
            }
            (OnDisk::Nothing, Some(_)) => {
                self.trial = self.owed.as_ref().and_then(|owed| owed.trial.clone());
            }
            (OnDisk::Bad | OnDisk::Nothing, None) => {}
        }
    }

    /// The trial of a commit whose file is lost: it is over, since nobody can say until when it was.
    fn overdue(&mut self, newest: &Entry) -> Option<Trial> {
        let back = self.history.before(1)?;
        let back = self.history.text(back)?;
        let commit = newest.commit;
        self.note(format!(
            "until when commit {commit} is to be confirmed is lost: it goes back now"
        ));
        Some(Trial {
            commit,
            user: newest.user.clone(),
            since: 0,
            minutes: 0,
            back,
        })
    }

    /// The history's newest entry is what runs, also when somebody else wrote the file.
    pub(super) fn enter_running(&mut self) {
        if self.owed.is_some() {
            return;
        }
        let newest = self.history.newest().map(|entry| entry.commit);
        let known = newest.and_then(|commit| self.history.text(commit));
        if known.as_deref() == Some(self.running.canonical.as_str()) {
            return;
        }
        let before = known.unwrap_or_default();
        let (added, removed) = diff::counts(&diff::changes(&before, &self.running.canonical));
        let commit = self.history.next();
        let entry = Entry {
            commit,
            unix: unix(),
            user: "ctld".to_owned(),
            comment: Some("found at the start".to_owned()),
            standing: Standing::Plain,
            added,
            removed,
        };
        if let Err(error) = self.history.add(entry, &self.running.canonical) {
            eprintln!("ctld: {error}");
        } else if newest.is_some() {
            self.note(format!(
                "the running file was changed by somebody else; it is commit {commit} now"
            ));
        }
        if let Some(trial) = self.trial.take() {
            let why = "of a commit that somebody else replaced";
            Trial::set_aside(self.directory(), why);
            self.note(format!("{}: {why}", trial.words()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use control::config;

    use super::*;

    const OLD: &str = "[lvs]\nqueues = 2\n";
    const NEW: &str = "[lvs]\nqueues = 3\n";

    /// A directory with `OLD` as the running file, and its books.
    fn begun() -> (tempfile::TempDir, PathBuf, Books) {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("appliance.toml");
        fs::write(&file, OLD).expect("written");
        let books = Books::open(&file, None).expect("books");
        assert_eq!(books.notes, [""; 0]);
        (folder, file, books)
    }

    fn trial() -> Trial {
        Trial {
            commit: 2,
            user: "root".into(),
            since: 1_000_000,
            minutes: 5,
            back: OLD.into(),
        }
    }

    fn journal(trial: Option<Trial>) -> Journal {
        let entry = Entry {
            commit: 2,
            unix: 7,
            user: "root".into(),
            comment: None,
            standing: if trial.is_some() {
                Standing::Trial
            } else {
                Standing::Plain
            },
            added: 1,
            removed: 1,
        };
        Journal {
            old: OLD.into(),
            new: NEW.into(),
            entry,
            trial,
        }
    }

    fn decided(books: &mut Books, journal: &Journal) {
        let config = config::parse("new", NEW).expect("legal");
        books.announce(journal).expect("written");
        books.decide(journal, config).expect("written");
    }

    #[test]
    fn a_journal_cut_off_at_any_byte_is_set_aside_and_one_that_is_whole_is_undone() {
        let (folder, file, books) = begun();
        books.announce(&journal(None)).expect("written");
        let path = folder.path().join("journal");
        let whole = fs::read(&path).expect("a journal");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("written");
            let books = Books::open(&file, None).expect("books");
            assert_eq!(books.notes, [""; 0], "{length} bytes were used");
            assert_eq!(books.running.raw, OLD);
            assert!(!path.exists() && folder.path().join("journal.bad").exists());
        }
        fs::write(&path, &whole).expect("written");
        let books = Books::open(&file, None).expect("books");
        let undone = "commit 2 was interrupted and is undone: the old configuration runs";
        assert_eq!(books.notes, [undone]);
        assert!(!path.exists());
    }

    #[test]
    fn a_journal_of_another_file_is_set_aside() {
        let (folder, file, books) = begun();
        books.announce(&journal(None)).expect("written");
        fs::write(&file, "[lvs]\nqueues = 4\n").expect("written");
        let books = Books::open(&file, None).expect("books");
        let note = "the running file was changed by somebody else; it is commit 2 now";
        assert_eq!(books.notes, [note]);
        assert!(folder.path().join("journal.bad").exists());
    }

    #[test]
    fn what_was_decided_is_finished_however_far_it_came() {
        for came in 0..3 {
            let (folder, file, mut books) = begun();
            let journal = journal(Some(trial()));
            decided(&mut books, &journal);
            if came > 0 {
                trial().write(folder.path()).expect("written");
            }
            if came > 1 {
                let added = books.history.add(journal.entry.clone(), NEW);
                added.expect("written");
            }
            let mut books = Books::open(&file, None).expect("books");
            let note = "commit 2 was interrupted and is finished: the new configuration runs";
            assert_eq!(books.notes, [note]);
            assert_eq!(books.running.raw, NEW);
            assert_eq!(books.trial, Some(trial()));
            assert_eq!(books.history.newest(), Some(&journal.entry));
            assert_eq!(books.history.text(1).as_deref(), Some(OLD));
            assert!(!folder.path().join("journal").exists());
        }
    }

    #[test]
    fn what_cannot_be_written_after_the_decision_is_owed_and_kept_in_the_journal() {
        let (folder, file, mut books) = begun();
        let journal = journal(Some(trial()));
        decided(&mut books, &journal);
        // In the way of the entry, as good as a full disk.
        let beside = folder.path().join("history/0002.toml.new");
        fs::create_dir(&beside).expect("a directory");
        books.enter(&journal);
        books.close();
        assert!(folder.path().join("journal").exists());
        assert!(books.settle_debts().is_err());
        assert_eq!(books.trial, Some(trial()), "it is on trial all the same");
        let mut books = Books::open(&file, None).expect("books");
        assert!(books.notes[0].contains("but: write "), "{:?}", books.notes);
        assert_eq!(books.trial, Some(trial()));
        fs::remove_dir(&beside).expect("removed");
        books.settle_debts().expect("written");
        assert!(!folder.path().join("journal").exists());
        assert_eq!(books.history.newest(), Some(&journal.entry));
    }

    #[test]
    fn a_confirmation_is_made_when_the_trial_is_gone_from_the_disk() {
        let (folder, file, mut books) = begun();
        let journal = journal(Some(trial()));
        decided(&mut books, &journal);
        books.enter(&journal);
        books.close();
        // As after a kill between the two writes.
        Trial::remove(folder.path()).expect("removed");
        let books = Books::open(&file, None).expect("books");
        assert_eq!(books.trial, None);
        let newest = books.history.newest().expect("an entry");
        assert_eq!(newest.standing, Standing::Confirmed);
    }
}
