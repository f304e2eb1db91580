//! The operators' requests, one after the other, and the deadline of a trial.

use std::fs;
use std::os::fd::OwnedFd;
use std::time::Duration;

use control::config::{self, Config};
use control::configure::Item;
use control::diff;
use control::ipc::{Call, ConfigureRequest, Request};
use control::show::Noun;
use control::transaction::{Absent, TEXT_BYTES};
use sys::sealed;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::books::Books;
use crate::clock::unix;
use crate::commit::{Committer, Proposal};
use crate::edited::Edited;
use crate::shown::Shown;
use crate::trial::{MOST_MINUTES, Trial};

/// How long after a return that a daemon refused it is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// The most characters of a comment.
const COMMENT_CHARS: usize = 200;

/// The one writer of the configuration.
#[derive(Debug)]
pub struct Operator {
    books: Books,
    committer: Committer,
    /// When the trial is over, by a clock that nobody sets.
    due: Option<Instant>,
    shown: watch::Sender<Shown>,
}

impl Operator {
    /// What operators are shown comes out at the receiver.
    pub fn new(books: Books, committer: Committer) -> (Self, watch::Receiver<Shown>) {
        let (shown, receiver) = watch::channel(Shown::of(&books));
        let mut operator = Self {
            books,
            committer,
            due: None,
            shown,
        };
        operator.keep_time();
        (operator, receiver)
    }

    /// Gives every daemon the running configuration; then serves requests until their sender is
    /// gone. From `end` on none is begun any more.
    pub async fn run(mut self, mut calls: mpsc::Receiver<Call>, end: oneshot::Receiver<()>) {
        tokio::pin!(end);
        self.committer.settle(&self.books).await;
        loop {
            let due = self.due;
            tokio::select! {
                biased;
                _ = &mut end => break,
                call = calls.recv() => match call {
                    Some(call) => self.answer(call).await,
                    None => return,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.go_back().await;
                }
            }
            self.shown.send_replace(Shown::of(&self.books));
        }
        while let Ok(call) = calls.try_recv() {
            call.refuse("it is about to end");
        }
    }

    fn keep_time(&mut self) {
        let trial = self.books.trial.as_ref();
        self.due = trial.map(|trial| Instant::now() + trial.left(unix()));
    }

    async fn answer(&mut self, mut call: Call) {
        if call.is_gone().await {
            return; // who gave up while others were served does not expect it to happen later
        }
        let fds = std::mem::take(&mut call.fds);
        let user = call.user().map_or_else(|_| "nobody".to_owned(), user_name);
        let Request::Configure(request) = call.request.clone() else {
            return call.refuse("not ctld's");
        };
        let on_trial = self.books.trial.clone();
        let is_change = matches!(
            request,
            ConfigureRequest::Commit { .. } | ConfigureRequest::Rollback(_)
        );
        let edited = Edited::look(&self.books).filter(|_| is_change);
        let mut items = self.said(request, fds, user).await;
        if self.books.trial != on_trial {
            self.keep_time();
        }
        let edited = edited.and_then(|edited| edited.told(&self.books, &items));
        items.extend(edited);
        let told = if is_change && !items.iter().any(is_refusal) {
            std::mem::take(&mut self.books.notes)
        } else {
            Vec::new() // who is refused hears the reasons alone
        };
        let told = told.into_iter().map(Item::Note);
        call.answer(Noun::Configuration, told.chain(items));
    }

    async fn said(
        &mut self,
        request: ConfigureRequest,
        fds: Vec<OwnedFd>,
        user: String,
    ) -> Vec<Item> {
        let items = match request {
            ConfigureRequest::Commit {
                file,
                confirmed,
                comment,
                ..
            } => self.commit(&file, fds, confirmed, comment, user).await,
            ConfigureRequest::Compare { file } => self.compare(&file, fds),
            ConfigureRequest::Rollback(commits) => self.rollback(commits, user).await,
            ConfigureRequest::Confirm => self.confirm(),
        };
        items.unwrap_or_else(|why| why)
    }

    async fn commit(
        &mut self,
        file: &str,
        fds: Vec<OwnedFd>,
        confirmed: Option<u32>,
        comment: Option<String>,
        user: String,
    ) -> Result<Vec<Item>, Vec<Item>> {
        if let Some(trial) = &self.books.trial {
            return Err(refused(format!(
                "{}: confirm it, or rollback 1",
                trial.words()
            )));
        }
        if let Some(minutes) = confirmed
            && !(1..=MOST_MINUTES).contains(&minutes)
        {
            let legal = format!("confirmed {minutes}: 1 to {MOST_MINUTES} minutes");
            return Err(refused(legal));
        }
        let (config, text) = candidate(file, fds)?;
        self.check_host(&config)?;
        let proposal = Proposal {
            config,
            text,
            user,
            comment: comment.map(|comment| one_line(&comment)),
            confirmed,
            absent: Absent::Refuses,
        };
        Ok(self.committer.commit(&mut self.books, proposal).await)
    }

    /// What the next start of the whole appliance would not accept is not committed. (A trial's end does
    /// not ask: it is the way back.)
    fn check_host(&self, config: &Config) -> Result<(), Vec<Item>> {
        let present = control::cli::interfaces()
            .map_err(|error| refused(format!("reading the interfaces: {error}")))?;
        let faults = config::check_newly_free(config, &self.books.running.config, &present);
        let lines: Vec<Item> = faults
            .iter()
            .map(|fault| Item::Fault(fault.to_string()))
            .collect();
        if lines.is_empty() { Ok(()) } else { Err(lines) }
    }

    fn compare(&self, file: &str, fds: Vec<OwnedFd>) -> Result<Vec<Item>, Vec<Item>> {
        let (_, text) = candidate(file, fds)?;
        let changes = diff::changes(&self.books.running.canonical, &text);
        Ok(changes.into_iter().map(Item::Change).collect())
    }

    async fn rollback(&mut self, commits: u32, user: String) -> Result<Vec<Item>, Vec<Item>> {
        if let Some(trial) = &self.books.trial
            && commits != 1
        {
            return Err(refused(format!(
                "{}: confirm it, or rollback 1",
                trial.words()
            )));
        }
        let history = &mut self.books.history;
        let depth = history.depth();
        let back = usize::try_from(commits).unwrap_or(usize::MAX);
        let target = Some(back).filter(|back| (1..=depth).contains(back));
        let Some(target) = target.and_then(|back| history.before(back)) else {
            let legal = match depth {
                0 => "there is no commit to go back to".to_owned(),
                depth => format!("1 to {depth}"),
            };
            return Err(refused(format!("rollback {commits}: {legal}")));
        };
        let name = format!("commit {target}");
        let Some(text) = history.text(target) else {
            return Err(refused(format!("{name} was damaged, and is set aside")));
        };
        let (config, text) = validated(&name, &text)?;
        self.check_host(&config)?;
        let proposal = Proposal {
            config,
            text,
            user,
            comment: Some(format!("rollback to {name}")),
            confirmed: None,
            // What goes back may be what one has died of.
            absent: Absent::Follows,
        };
        Ok(self.committer.commit(&mut self.books, proposal).await)
    }

    fn confirm(&mut self) -> Result<Vec<Item>, Vec<Item>> {
        match self.books.confirm() {
            None => Err(refused("no commit is on trial".to_owned())),
            Some(Err(error)) => Err(refused(error.to_string())),
            Some(Ok(commit)) => Ok(vec![Item::Confirmed(commit)]),
        }
    }

    /// The trial is over and nobody confirmed it. A daemon that is not there does not hold it up: it
    /// starts from the running file.
    async fn go_back(&mut self) {
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

/// The configuration in the one descriptor, with its canonical text.
fn candidate(file: &str, mut fds: Vec<OwnedFd>) -> Result<(Config, String), Vec<Item>> {
    let (Some(fd), true) = (fds.pop(), fds.is_empty()) else {
        return Err(refused(
            "the request comes with one descriptor, the text".to_owned(),
        ));
    };
    let bytes = sealed::unseal(fd, TEXT_BYTES).map_err(|e| refused(format!("{file}: {e}")))?;
    let text = String::from_utf8(bytes).map_err(|e| refused(format!("{file}: {e}")))?;
    validated(file, &text)
}

fn validated(file: &str, text: &str) -> Result<(Config, String), Vec<Item>> {
    let config = config::parse(file, text).map_err(|faults| {
        let lines = faults.iter().map(|fault| Item::Fault(fault.to_string()));
        lines.collect::<Vec<Item>>()
    })?;
    let text = config::print(&config);
    Ok((config, text))
}

fn is_refusal(item: &Item) -> bool {
    match item {
        Item::Fault(_) | Item::Refused(_) => true,
        Item::Note(_)
        | Item::Unchanged
        | Item::Committed(_)
        | Item::Daemon(_)
        | Item::Change(_)
        | Item::Confirmed(_) => false,
    }
}

fn refused(why: String) -> Vec<Item> {
    vec![Item::Refused(why)]
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(COMMENT_CHARS).collect()
}

/// The user's name, or the number of one who has none.
fn user_name(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("user {uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_name_or_else_by_number() {
        assert_eq!(user_name(0), "root");
        assert_eq!(user_name(4_000_000_000), "user 4000000000");
    }

    #[test]
    fn a_comment_is_one_line_of_bounded_length() {
        assert_eq!(one_line(" new\n real \t here"), "new real here");
        assert_eq!(one_line(&"é".repeat(500)).chars().count(), COMMENT_CHARS);
    }
}
