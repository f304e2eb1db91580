//! A commit, step by step. docs/adr/0016-commit-order.md says why in this order.

use std::path::{Path, PathBuf};

use control::config::Config;
use control::configure::{Committed, DaemonOutcome, Item};
use control::diff::{self, Change};
use control::transaction::{Absent, Coordinator, Objection, Outcome, Prepared, Said};
use sys::step;

use crate::books::Books;
use crate::clock::unix;
use crate::history::{Entry, Standing};
use crate::journal::Journal;
use crate::metrics::{Metrics, Promise};
use crate::trial::Trial;

/// A configuration that somebody wants to run.
#[derive(Debug)]
pub struct Proposal {
    /// What it means.
    pub config: Config,
    /// Its canonical text.
    pub text: String,
    /// Who wants it.
    pub user: String,
    /// A word for the history.
    pub comment: Option<String>,
    /// For how many minutes it is on trial.
    pub confirmed: Option<u32>,
    /// What daemons mean that are not there.
    pub absent: Absent,
}

/// Makes commits.
#[derive(Debug)]
pub struct Committer {
    run_dir: PathBuf,
    coordinator: Coordinator,
    /// ctld's own part of a configuration.
    pub metrics: Metrics,
}

impl Committer {
    /// For the daemons whose sockets are in `run_dir`.
    pub fn new(run_dir: &Path, coordinator: Coordinator, metrics: Metrics) -> Self {
        Self {
            run_dir: run_dir.to_owned(),
            coordinator,
            metrics,
        }
    }

    fn reached(&self, step: &str) {
        step::reached(&self.run_dir, "ctld", step);
    }

    /// Makes the proposal the running configuration, everywhere or nowhere, and says what came of it.
    pub async fn commit(&mut self, books: &mut Books, proposal: Proposal) -> Vec<Item> {
        self.reached("validated");
        let changes = diff::changes(&books.running.canonical, &proposal.text);
        if changes.is_empty() {
            return vec![Item::Unchanged];
        }
        if let Err(error) = books.settle_debts() {
            return vec![Item::Refused(format!(
                "the commit before this one: {error}"
            ))];
        }
        let journal = journal(books, &proposal, &changes);
        let (prepared, own) = match self.prepare(&journal, &proposal).await {
            Ok(prepared) => prepared,
            Err(refused) => return refused,
        };
        self.reached("prepared");
        if let Err(refused) = self.decide(books, &journal, proposal.config) {
            prepared.abort().await;
            return vec![refused];
        }
        books.enter(&journal);
        self.reached("committing");
        self.metrics.commit(own);
        let outcomes = prepared.commit().await;
        self.reached("committed");
        books.close();
        report(&journal, outcomes)
    }

    /// Everybody's promise; or who gave none.
    async fn prepare(
        &mut self,
        journal: &Journal,
        proposal: &Proposal,
    ) -> Result<(Prepared, Promise), Vec<Item>> {
        self.reached("preparing");
        let absent = proposal.absent;
        let own = self.metrics.prepare(proposal.config.metrics, absent);
        let own = own.map_err(|reason| vec![Item::Refused(format!("ctld: {reason}"))])?;
        let commit = journal.entry.commit;
        let prepared = self.coordinator.prepare(commit, &journal.new, absent).await;
        let prepared = prepared.map_err(refused)?;
        let lost = prepared.lost().await;
        if lost.is_empty() || absent == Absent::Follows {
            Ok((prepared, own))
        } else {
            prepared.abort().await;
            Err(refused(lost))
        }
    }

    fn decide(&self, books: &mut Books, journal: &Journal, config: Config) -> Result<(), Item> {
        let said = |error: std::io::Error| Item::Refused(error.to_string());
        books.announce(journal).map_err(said)?;
        self.reached("journalled");
        books.decide(journal, config).map_err(said)?;
        self.reached("running");
        Ok(())
    }

    /// Gives every daemon the running configuration that has another one.
    pub async fn settle(&self, books: &Books) {
        let commit = books.history.newest().map_or(0, |entry| entry.commit);
        let settled = self.coordinator.settle(commit, &books.running.canonical);
        for Said { daemon, answer } in settled.await {
            if let Err(objection) = answer {
                eprintln!("ctld: {daemon} could not be given the running file: {objection}");
            }
        }
    }
}

/// What is written down of a proposal before it is decided.
pub fn journal(books: &Books, proposal: &Proposal, changes: &[Change]) -> Journal {
    let (added, removed) = diff::counts(changes);
    let (commit, now) = (books.history.next(), unix());
    let trial = proposal.confirmed.map(|minutes| Trial {
        commit,
        user: proposal.user.clone(),
        since: now,
        minutes,
        back: books.running.canonical.clone(),
    });
    let entry = Entry {
        commit,
        unix: now,
        user: proposal.user.clone(),
        comment: proposal.comment.clone(),
        standing: match trial {
            Some(_) => Standing::Trial,
            None => Standing::Plain,
        },
        added,
        removed,
    };
    Journal {
        old: books.running.raw.clone(),
        new: proposal.text.clone(),
        entry,
        trial,
    }
}

fn refused(objections: Vec<Said<Objection>>) -> Vec<Item> {
    let line = |said: Said<Objection>| Item::Refused(format!("{}: {}", said.daemon, said.answer));
    objections.into_iter().map(line).collect()
}

fn report(journal: &Journal, outcomes: Vec<Said<Outcome>>) -> Vec<Item> {
    let committed = Committed {
        id: journal.entry.commit,
        added: journal.entry.added,
        removed: journal.entry.removed,
        confirm_by: journal.trial.as_ref().map(Trial::deadline),
    };
    let daemon = |said: Said<Outcome>| {
        Item::Daemon(DaemonOutcome {
            daemon: said.daemon.to_owned(),
            effect: said.answer.effect,
            missing: said.answer.missing.map(|missing| missing.to_string()),
        })
    };
    let (commit, user) = (committed.id, &journal.entry.user);
    let (added, removed) = (committed.added, committed.removed);
    eprintln!("ctld: commit {commit} of {user} runs: {added} lines new, {removed} gone");
    for said in &outcomes {
        if let Some(missing) = &said.answer.missing {
            eprintln!(
                "ctld: commit {commit}: {} is without it: {missing}",
                said.daemon
            );
        }
    }
    let mut items = vec![Item::Committed(committed)];
    items.extend(outcomes.into_iter().map(daemon));
    items
}
