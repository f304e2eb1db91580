//! The operators' requests, one after the other, and the deadline of a trial.

mod expiry;
mod requests;
mod user;

use std::os::fd::OwnedFd;

use control::configure::Item;
use control::ipc::{Call, ConfigureRequest, Request};
use control::show::Noun;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::books::Books;
use crate::clock::unix;
use crate::commit::Committer;
use crate::edited::Edited;
use crate::shown::Shown;
use requests::Wanted;
use user::user_name;

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
                base,
            } => {
                let wanted = Wanted {
                    file,
                    confirmed,
                    comment,
                    base,
                };
                self.commit(wanted, fds, user).await
            }
            ConfigureRequest::Compare { file } => self.compare(&file, fds),
            ConfigureRequest::Rollback(commits) => self.rollback(commits, user).await,
            ConfigureRequest::Confirm => self.confirm(),
        };
        items.unwrap_or_else(|why| why)
    }
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
