//! Configure mode: the candidate, and what is typed at `HOST# `.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use control::candidate::Candidate;
use control::configure as ctld;
use control::show::{HistoryItem, Noun};

use crate::ask::ask;
use crate::configure::{self, Confirming};
use crate::failure::Failure;
use crate::grammar::{COMMIT, CONFIGURE, Given, named_number};
use crate::help;
use crate::lines::Answer;
use crate::output::{Output, Pipe};
use crate::session::{Flow, Places, Session};
use crate::show;
use crate::trial::Done;

/// A configuration that is being edited, and what it was edited from.
#[derive(Debug)]
pub(crate) struct Edit {
    /// The canonical text that was running.
    base: String,
    running: Candidate,
    candidate: Candidate,
}

impl Edit {
    /// Begins with what is running.
    pub(crate) fn begin(run_dir: &Path) -> Result<Self, Failure> {
        let base = show::running(run_dir)?;
        let running = show::candidate(&base)?;
        Ok(Self {
            base,
            candidate: running.clone(),
            running,
        })
    }

    /// Begins with what ran so many commits ago, to be compared with what is running.
    fn past(places: &Places, commits: u32) -> Result<Self, Failure> {
        let mut edit = Self::begin(&places.run_dir)?;
        let history = ask::<HistoryItem>(&places.run_dir, Noun::History)?;
        let history: Vec<HistoryItem> = history.collect::<Result<_, _>>()?;
        let of = |item: &&HistoryItem| u32::try_from(item.rollback) == Ok(commits);
        let Some(item) = history.iter().find(of) else {
            let most = history.len().saturating_sub(1);
            let legal = format!("rollback {commits}: from 0 to {most}, as show history has it");
            return Err(Failure::usage(legal));
        };
        let name = format!("config/history/{:04}.toml", item.commit);
        let path = places.data_dir.join(name);
        let text = fs::read_to_string(&path);
        let text = text.map_err(|e| Failure::Failed(format!("{}: {e}", path.display())))?;
        edit.candidate = show::candidate(&text)?;
        Ok(edit)
    }

    pub(crate) const fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// Whether something would be lost.
    pub(crate) fn is_changed(&self) -> bool {
        !self.candidate.changes_from(&self.running).is_empty()
    }

    fn set(&mut self, words: &[&str]) -> Result<(), Failure> {
        let set = self.candidate.set(words);
        set.map_err(|fault| Failure::Faults(vec![fault]))
    }

    fn delete(&mut self, words: &[&str]) -> Result<(), Failure> {
        let deleted = self.candidate.delete(words);
        deleted.map_err(|fault| Failure::Faults(vec![fault]))
    }

    /// What is set at a place and below it.
    fn show(&self, words: &[&str], out: &mut impl Write) -> Result<(), Failure> {
        let lines = if words.is_empty() {
            self.candidate.lines()
        } else {
            self.candidate.lines_below(words)
        };
        for line in lines {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    /// What would change, by what is running now.
    fn compare(&self, run_dir: &Path, out: &mut impl Write) -> Result<(), Failure> {
        let text = show::running(run_dir)?;
        if text != self.base {
            // Not among the lines that are counted or searched.
            drop(writeln!(io::stderr(), "{OUTDATED}"));
        }
        for change in self.candidate.changes_from(&show::candidate(&text)?) {
            writeln!(out, "{change}")?;
        }
        Ok(())
    }

    fn commit(
        &mut self,
        run_dir: &Path,
        given: &Given<'_>,
        out: &mut impl Write,
    ) -> Result<Option<Done>, Failure> {
        let faults = self.candidate.faults();
        if !faults.is_empty() {
            let lines = faults.iter().map(ToString::to_string);
            return Err(Failure::Faults(lines.collect()));
        }
        let (confirmed, comment) = (given.number("confirmed")?, given.text("comment"));
        let text = self.candidate.to_toml();
        let commit =
            ctld::commit_from(run_dir, &self.base, "candidate", &text, confirmed, comment)?;
        let done = configure::print_commit(&commit, Confirming::Here, out)?;
        // What is running now is what the next change is made from.
        *self = Self::begin(run_dir)?;
        Ok(done)
    }
}

const OUTDATED: &str =
    "somebody changed what is running: commit will be refused, discard begins anew";

impl Session {
    /// Does what was typed in configure mode.
    pub(crate) fn configuring(
        &mut self,
        words: &[&str],
        pipes: Vec<Pipe>,
        without_pause: bool,
    ) -> Result<Flow, Failure> {
        let places = self.places.clone();
        let run_dir = &places.run_dir;
        let Some(edit) = &mut self.edit else {
            return Ok(Flow::Stay);
        };
        if !pipes.is_empty() && !matches!(words, ["show" | "compare" | "help", ..]) {
            let word = words.first().copied().unwrap_or_default();
            return Err(Failure::usage(format!("{word}: nothing to pipe")));
        }
        match words {
            ["set", place @ ..] => edit.set(place)?,
            ["delete", place @ ..] => edit.delete(place)?,
            ["discard"] => *edit = Edit::begin(run_dir)?,
            ["rollback", commits] => {
                let commits = named_number(CONFIGURE, "rollback", commits)?;
                *edit = Edit::past(&places, commits)?;
            }
            ["exit", "discard"] => self.edit = None,
            ["exit" | "quit"] => return self.leave(),
            ["help"] => self.print(pipes, without_pause, |session, out| {
                help::print(session, out)
            })?,
            ["confirm"] => {
                let id = ctld::confirm(run_dir)?;
                self.trial.note(Some(Done::Confirmed(id)));
                self.print(pipes, without_pause, |_, out| {
                    Ok(writeln!(out, "commit {id} stays")?)
                })?;
            }
            ["show", place @ ..] => self.editing(pipes, without_pause, |edit, out| {
                edit.show(place, out).map(|()| None)
            })?,
            ["compare"] => self.editing(pipes, without_pause, |edit, out| {
                edit.compare(run_dir, out).map(|()| None)
            })?,
            ["commit", options @ ..] => {
                let options: Vec<String> = options.iter().map(|w| (*w).to_owned()).collect();
                self.editing(pipes, without_pause, |edit, out| {
                    edit.commit(run_dir, &Given::read(COMMIT, &options), out)
                })?;
            }
            _ => return Err(Failure::usage(format!("{}: no command", words.join(" ")))),
        }
        Ok(Flow::Stay)
    }

    /// Prints what `print` writes of the candidate.
    fn editing(
        &mut self,
        pipes: Vec<Pipe>,
        without_pause: bool,
        print: impl FnOnce(&mut Edit, &mut Output<'_>) -> Result<Option<Done>, Failure>,
    ) -> Result<(), Failure> {
        self.print(pipes, without_pause, |session, out| {
            let done = match &mut session.edit {
                Some(edit) => print(edit, out)?,
                None => None,
            };
            session.trial.note(done);
            Ok(())
        })
    }

    /// Leaves configure mode, unless something would be lost that nobody wants lost; and the session
    /// when nobody is there to say so.
    pub(crate) fn leave(&mut self) -> Result<Flow, Failure> {
        let is_changed = self.edit.as_ref().is_some_and(Edit::is_changed);
        if is_changed {
            if self.person.is_none() {
                return Err(Failure::usage(
                    "exit: what was typed is not committed; commit it, or exit discard",
                ));
            }
            match self.ask("What was typed is not committed. Leave it behind?")? {
                Answer::Yes => {}
                Answer::No => return Ok(Flow::Stay),
                Answer::Gone => return Ok(Flow::Leave),
            }
        }
        self.edit = None;
        Ok(Flow::Stay)
    }
}
