//! What ctld keeps on disk: the running file, the journal, the history and the trial.

mod recovery;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use control::calendar::utc;
use control::config::{self, Config};

use crate::clock::unix;
use crate::durable;
use crate::history::History;
use crate::journal::Journal;
use crate::notices::Notices;
use crate::trial::Trial;

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
    /// Where they are to be written, too.
    notices: Option<Notices>,
    /// A commit that was decided, but whose history or trial could not be written.
    owed: Option<Journal>,
}

impl Books {
    /// Reads the books of the running file and puts them in order: a commit that was interrupted is
    /// finished when the running file is its own, and undone when not.
    ///
    /// # Errors
    /// When the running file cannot be read, or has become faulty.
    pub fn open(file: &Path, notices: Option<Notices>) -> io::Result<Self> {
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
            notices,
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

    /// For the operator who asks next, and for the log.
    pub fn note(&mut self, note: String) {
        eprintln!("ctld: {note}");
        if let Some(notices) = &self.notices {
            notices.add(&note);
        }
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
