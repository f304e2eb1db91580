//! What ctld keeps on disk: the running file, the journal, the history and the trial; and how a start
//! puts them in order.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use control::calendar::utc;
use control::config::{self, Config};
use control::diff;

use crate::clock::unix;
use crate::durable;
use crate::history::{Entry, History, Standing};
use crate::journal::Journal;
use crate::trial::{OnDisk, Trial};

/// The running configuration.
#[derive(Debug)]
pub struct Running {
    /// The file as it is.
    pub raw: String,
    /// Its canonical text.
    pub canonical: String,
    /// What it means.
    pub config: Config,
}

/// Everything in the directory of the running file.
#[derive(Debug)]
pub struct Books {
    file: PathBuf,
    /// The configuration that runs.
    pub running: Running,
    /// Those that ran.
    pub history: History,
    /// The commit that is on trial.
    pub trial: Option<Trial>,
    /// What nobody has been told yet.
    pub notes: Vec<String>,
    /// A commit that was decided, but whose history or trial could not be written.
    owed: Option<Journal>,
}

impl Books {
    /// Reads the books of the running file and puts them in order: a commit that was interrupted is
    /// finished when the running file is its own, and undone when not.
    ///
    /// # Errors
    /// When the running file cannot be read, or has become faulty.
    pub fn open(file: &Path) -> io::Result<Self> {
        let raw = fs::read_to_string(file)?;
        let running = Running::parse(&file.display().to_string(), raw)
            .map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))?;
        let directory = durable::directory(file);
        let mut books = Self {
            file: file.to_owned(),
            running,
            history: History::open(directory),
            trial: None,
            notes: Vec::new(),
            owed: None,
        };
        books.recover();
        books.read_trial();
        books.enter_running();
        let newest = books.history.newest().map_or(0, |entry| entry.commit);
        eprintln!("ctld: the running configuration is commit {newest}");
        Ok(books)
    }

    /// The running file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The directory of them all.
    pub fn directory(&self) -> &Path {
        durable::directory(&self.file)
    }

    fn recover(&mut self) {
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

    fn read_trial(&mut self) {
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
    fn enter_running(&mut self) {
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

    /// For the operator who asks next, and for the log.
    pub fn note(&mut self, note: String) {
        eprintln!("ctld: {note}");
        self.notes.push(note);
    }

    /// Writes what could not be written when it was decided.
    ///
    /// # Errors
    /// When it still cannot be.
    pub fn settle_debts(&mut self) -> io::Result<()> {
        if let Some(journal) = self.owed.clone() {
            self.complete(&journal)?;
            self.owed = None;
            Journal::remove(self.directory())?;
        }
        Ok(())
    }

    /// Writes the journal: from here on a start knows what is going on.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub fn announce(&self, journal: &Journal) -> io::Result<()> {
        journal.write(self.directory())
    }

    /// Replaces the running file: the decision.
    ///
    /// # Errors
    /// When it cannot be replaced; the journal is gone again then, and nothing has changed.
    pub fn decide(&mut self, journal: &Journal, config: Config) -> io::Result<()> {
        if let Err(error) = durable::replace(&self.file, journal.new.as_bytes()) {
            // Left behind, it would be undone by the next start: it speaks of the old file.
            if let Err(error) = Journal::remove(self.directory()) {
                eprintln!("ctld: {error}");
            }
            return Err(error);
        }
        self.running = Running {
            raw: journal.new.clone(),
            canonical: journal.new.clone(),
            config,
        };
        Ok(())
    }

    /// What follows from the decision: the history's entry, and a trial that begins or ends. May be
    /// done any number of times.
    fn complete(&mut self, journal: &Journal) -> io::Result<()> {
        let directory = durable::directory(&self.file);
        self.trial.clone_from(&journal.trial);
        // Before the entry, so that an entry on trial is never without its trial.
        match &journal.trial {
            Some(trial) => trial.write(directory)?,
            None => Trial::remove(directory)?,
        }
        self.history.add(journal.entry.clone(), &journal.new)
    }

    /// Writes down what follows from the decision; what cannot be written is owed, and kept in the
    /// journal.
    pub fn enter(&mut self, journal: &Journal) {
        if let Err(error) = self.complete(journal) {
            self.note(format!("commit {}: {error}", journal.entry.commit));
            self.owed = Some(journal.clone());
        }
    }

    /// Removes the journal: every daemon has been told.
    pub fn close(&self) {
        if self.owed.is_some() {
            return;
        }
        if let Err(error) = Journal::remove(self.directory()) {
            eprintln!("ctld: {error}"); // the next start finds its work done
        }
    }

    /// Keeps the commit that is on trial.
    ///
    /// # Errors
    /// When its end cannot be written down; it stays on trial then. `None`: no commit is.
    pub fn confirm(&mut self) -> Option<io::Result<u64>> {
        let commit = self.trial.as_ref()?.commit;
        // The trial's end is the decision; a start tells the history, if this does not.
        let ended = self
            .settle_debts()
            .and_then(|()| Trial::remove(self.directory()));
        if let Err(error) = ended {
            return Some(Err(error));
        }
        self.trial = None;
        if let Err(error) = self.history.confirm(commit) {
            eprintln!("ctld: {error}");
        }
        eprintln!("ctld: commit {commit} is confirmed at {}", utc(unix()));
        Some(Ok(commit))
    }
}

impl Running {
    fn parse(file: &str, raw: String) -> Result<Self, String> {
        let config = config::parse(file, &raw).map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        Ok(Self {
            canonical: config::print(&config),
            raw,
            config,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "[lvs]\nqueues = 2\n";
    const NEW: &str = "[lvs]\nqueues = 3\n";

    /// A directory with `OLD` as the running file, and its books.
    fn begun() -> (tempfile::TempDir, PathBuf, Books) {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("appliance.toml");
        fs::write(&file, OLD).expect("written");
        let books = Books::open(&file).expect("books");
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
            let books = Books::open(&file).expect("books");
            assert_eq!(books.notes, [""; 0], "{length} bytes were used");
            assert_eq!(books.running.raw, OLD);
            assert!(!path.exists() && folder.path().join("journal.bad").exists());
        }
        fs::write(&path, &whole).expect("written");
        let books = Books::open(&file).expect("books");
        let undone = "commit 2 was interrupted and is undone: the old configuration runs";
        assert_eq!(books.notes, [undone]);
        assert!(!path.exists());
    }

    #[test]
    fn a_journal_of_another_file_is_set_aside() {
        let (folder, file, books) = begun();
        books.announce(&journal(None)).expect("written");
        fs::write(&file, "[lvs]\nqueues = 4\n").expect("written");
        let books = Books::open(&file).expect("books");
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
            let mut books = Books::open(&file).expect("books");
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
        let mut books = Books::open(&file).expect("books");
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
        let books = Books::open(&file).expect("books");
        assert_eq!(books.trial, None);
        let newest = books.history.newest().expect("an entry");
        assert_eq!(newest.standing, Standing::Confirmed);
    }
}
