//! `ctld --mend`: the books are put in order before any daemon is started, alone and without a socket.
//!
//! What was interrupted is finished or undone, a trial that nobody confirmed goes back, and a running file
//! that is none is kept beside what takes its place. Each outcome is a line in `notices/configuration`.
//! Killed at any point and run again, it comes to the same end: a notice is written before what it says is
//! done, and what it does is done in the steps of a commit. docs/adr/0036-mending.md says why.

mod faulty;
mod found;

use std::io;
use std::path::{Path, PathBuf};

use control::calendar::utc;
use control::config::{self, Config};
use control::diff;
use control::transaction::Absent;
use sys::step;

use crate::books::Books;
use crate::commit::{Proposal, journal};
use crate::durable;
use crate::history::{Entry, History};
use crate::journal::Journal;
use crate::notices::Notices;
use crate::trial::Trial;
use faulty::Faulty;
use found::Found;

/// Puts the books of the running file `file` in order. In `run` are the rescue configuration and the
/// notices.
///
/// # Errors
/// When another ctld is at work, or when what must be written cannot be: also a notice.
pub fn mend(file: &Path, run: &Path) -> io::Result<()> {
    let mender = Mender {
        run_dir: run.join("fourfold"),
        rescue: run.join("rescue.toml"),
        notices: Notices::new(&run.join("notices")),
    };
    let mended = mender.mend(file);
    if let Err(error) = &mended {
        mender.notices.add(&format!(
            "the configuration could not be put in order: {error}"
        ));
    }
    mended
}

#[derive(Debug)]
struct Mender {
    run_dir: PathBuf,
    rescue: PathBuf,
    notices: Notices,
}

impl Mender {
    fn mend(&self, file: &Path) -> io::Result<()> {
        durable::make_directory(durable::directory(file))?;
        // Where it really is: a rename must not put a file in the place of a link to it.
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let directory = durable::directory(&file);
        let _alone = durable::alone(directory)?;
        self.reached("mending");
        for name in [
            file.clone(),
            Journal::path(directory),
            Trial::path(directory),
        ] {
            durable::sweep(&name);
        }
        self.mend_file(&file)?;
        let mut books = Books::open(&file, Some(self.notices.clone()))?;
        if let Some(trial) = books.trial.clone() {
            self.go_back(&mut books, &trial)?;
        }
        self.reached("mended");
        Ok(())
    }

    /// Sees to it that there is a running file, whole and without a fault.
    fn mend_file(&self, file: &Path) -> io::Result<()> {
        let history = History::open(durable::directory(file));
        let newest = history.newest_that(|_| true).map(|(_, text)| text);
        match Found::look(file, newest.as_deref()) {
            Found::Whole => Ok(()),
            Found::Missing if newest.is_none() && !self.rescue.exists() => {
                eprintln!("ctld: {}: the first one, and empty", file.display());
                durable::replace(file, b"")
            }
            Found::Missing => {
                let (text, words) = self.instead(&history);
                self.tell(&format!(
                    "{}: missing; {words} runs instead",
                    file.display()
                ));
                durable::replace(file, text.as_bytes())
            }
            Found::Faulty(why) => {
                let faulty = Faulty::of(file)?;
                let (text, words) = self.instead(&history);
                let name = faulty.name();
                self.tell(&format!("{why}; kept as {name}, {words} runs instead"));
                faulty.keep()?;
                self.reached("kept");
                durable::replace(file, text.as_bytes())
            }
        }
    }

    /// What takes the place of a running file, and the words for it.
    fn instead(&self, history: &History) -> (String, String) {
        if let Some((entry, text)) = history.newest_that(|text| config::parse("", text).is_ok()) {
            return (text, commit(&entry));
        }
        match config::load(&self.rescue) {
            Ok(config) => {
                let words = format!("the rescue configuration {}", self.rescue.display());
                (config::print(&config), words)
            }
            Err(_) => (String::new(), "an empty configuration".to_owned()),
        }
    }

    /// A trial does not outlive the box: who made the commit may have cut the power because the box could
    /// not be reached any more.
    fn go_back(&self, books: &mut Books, trial: &Trial) -> io::Result<()> {
        let Some((text, config)) = back(books, trial) else {
            self.tell(&format!(
                "{}: there is nothing to go back to, and it stays",
                trial.words()
            ));
            return books
                .confirm()
                .map_or(Ok(()), |confirmed| confirmed.map(drop));
        };
        let why = format!(
            "commit {} was not confirmed before the box was started again",
            trial.commit
        );
        let proposal = Proposal {
            config,
            text,
            user: "ctld".to_owned(),
            comment: Some(why.clone()),
            confirmed: None,
            absent: Absent::Follows,
        };
        let changes = diff::changes(&books.running.canonical, &proposal.text);
        let journal = journal(books, &proposal, &changes);
        self.tell(&format!(
            "{why}: what ran before it runs as commit {}",
            journal.entry.commit
        ));
        books.announce(&journal)?;
        self.reached("returning");
        books.decide(&journal, proposal.config)?;
        self.reached("returned");
        books.enter(&journal);
        books.close();
        Ok(())
    }

    fn tell(&self, line: &str) {
        eprintln!("ctld: {line}");
        self.notices.add(line);
    }

    fn reached(&self, step: &str) {
        step::reached(&self.run_dir, "ctld", step);
    }
}

/// What ran before the commit that is on trial, or the newest that can run of what ran earlier.
fn back(books: &Books, trial: &Trial) -> Option<(String, Config)> {
    if let Ok(config) = config::parse("", &trial.back) {
        return Some((trial.back.clone(), config));
    }
    let (_, text) = books
        .history
        .newest_that(|text| text != books.running.canonical && config::parse("", text).is_ok())?;
    let config = config::parse("", &text).ok()?;
    Some((text, config))
}

fn commit(entry: &Entry) -> String {
    let (commit, user) = (entry.commit, &entry.user);
    format!("commit {commit} of {user}, made {},", utc(entry.unix))
}
