//! The end of a trial that nobody confirmed.

use std::time::Duration;

use control::configure::Item;
use control::transaction::Absent;
use tokio::time::Instant;

use super::Operator;
use super::requests::validated;
use crate::commit::Proposal;
use crate::trial::Trial;

/// How long after a return that a daemon refused it is tried again.
const AGAIN: Duration = Duration::from_secs(10);

impl Operator {
    /// The trial is over and nobody confirmed it. A daemon that is not there does not hold it up: it
    /// starts from the running file.
    pub async fn go_back(&mut self) {
        let Some(trial) = self.books.trial.clone() else {
            self.due = None;
            return;
        };
        let items = match self.back(&trial).await {
            Ok(items) | Err(items) => items,
        };
        if items == [Item::Unchanged] {
            // What was before it, once the entry between them was set aside.
            self.books.confirm();
            let again = Instant::now() + AGAIN;
            self.due = self.books.trial.is_some().then_some(again);
            return;
        }
        let refusals = items.iter().filter_map(|item| match item {
            Item::Fault(line) | Item::Refused(line) => Some(line.clone()),
            Item::Note(_)
            | Item::Unchanged
            | Item::Committed(_)
            | Item::Daemon(_)
            | Item::Change(_)
            | Item::Confirmed(_) => None,
        });
        let refusals: Vec<String> = refusals.collect();
        let note = if self.books.trial.is_none() {
            self.keep_time();
            format!("commit {} was not confirmed and went back", trial.commit)
        } else {
            self.due = Some(Instant::now() + AGAIN);
            format!(
                "commit {} was not confirmed and could not go back yet: {}",
                trial.commit,
                refusals.join("; ")
            )
        };
        // Once, however often it is tried.
        if !self.books.notes.contains(&note) {
            self.books.note(note);
        }
    }

    async fn back(&mut self, trial: &Trial) -> Result<Vec<Item>, Vec<Item>> {
        let (config, text) = validated("the configuration before it", &trial.back)?;
        let proposal = Proposal {
            config,
            text,
            user: "ctld".to_owned(),
            comment: Some(format!("commit {} was not confirmed", trial.commit)),
            confirmed: None,
            absent: Absent::Follows,
        };
        Ok(self.committer.commit(&mut self.books, proposal).await)
    }
}
