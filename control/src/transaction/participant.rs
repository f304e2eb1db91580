//! A daemon's half: one task for each transaction, words for the daemon's loop.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sys::packet::AsyncPacket;
use sys::{sealed, step};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::TEXT_BYTES;
use crate::config::{self, Config};
use crate::ipc::{Answer, Call, Effect, Request, TransactionAnswer, TransactionRequest};

/// How long a transaction waits for the one before it to end: that of a coordinator that died, most
/// likely, whose end is on its way.
const TURN: Duration = Duration::from_secs(1);

/// How long the coordinator may take to read an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the coordinator wants of the daemon. After a Prepare that was accepted comes a Commit or an
/// Abort, and no other Prepare before that.
#[derive(Debug)]
pub enum Word {
    /// Say whether this configuration can be taken up, and get ready to do so without fail. What
    /// the daemon serves stays as it is.
    Prepare {
        /// The whole configuration, which holds no fault.
        config: Box<Config>,
        /// For the answer.
        vote: Vote,
    },
    /// Take up what was prepared.
    Commit(Done),
    /// Forget what was prepared, if anything was; it may come while the vote is still owed, too.
    Abort,
}

/// The answer to a Prepare. Dropping it refuses.
#[derive(Debug)]
pub struct Vote {
    sender: oneshot::Sender<Result<Effect, String>>,
}

impl Vote {
    /// It can be taken up, with this effect.
    pub fn accept(self, effect: Effect) {
        // Nobody to hear it: the transaction is over, and an Abort follows.
        drop(self.sender.send(Ok(effect)));
    }

    /// It cannot, for this reason; no Commit follows.
    pub fn refuse(self, reason: impl Into<String>) {
        drop(self.sender.send(Err(reason.into())));
    }
}

/// The answer to a Commit. Dropping it says that the daemon broke off.
#[derive(Debug)]
pub struct Done {
    sender: oneshot::Sender<oneshot::Sender<()>>,
}

impl Done {
    /// The configuration is in force, or will be once the daemon has been started anew. Returns when
    /// the coordinator has been told, or cannot be.
    pub async fn done(self) {
        let (told, heard) = oneshot::channel();
        if self.sender.send(told).is_ok() {
            // An error, too, means that nothing more is to be said.
            drop(heard.await);
        }
    }
}

/// A daemon's half of transactions.
#[derive(Debug)]
pub struct Participant {
    place: Place,
    sender: mpsc::Sender<Word>,
    words: mpsc::Receiver<Word>,
    turn: Arc<Mutex<()>>,
    tasks: JoinSet<()>,
}

/// Whose steps these are.
#[derive(Clone, Debug)]
struct Place {
    daemon: &'static str,
    run_dir: PathBuf,
}

impl Place {
    fn reached(&self, step: &str) {
        step::reached(&self.run_dir, self.daemon, step);
    }
}

impl Participant {
    /// The half of `daemon`, whose socket is in `run_dir`.
    #[must_use]
    pub fn new(daemon: &'static str, run_dir: &Path) -> Self {
        let (sender, words) = mpsc::channel(4);
        let run_dir = run_dir.to_owned();
        Self {
            place: Place { daemon, run_dir },
            sender,
            words,
            turn: Arc::default(),
            tasks: JoinSet::new(),
        }
    }

    /// Takes a call whose request is [`Request::Transaction`], and with it the connection.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn take(&mut self, call: Call) {
        while self.tasks.try_join_next().is_some() {}
        let Request::Transaction(TransactionRequest::Prepare(id)) = call.request else {
            return call.refuse("a transaction begins with prepare");
        };
        let (connection, fds) = call.take_over();
        let conversation = Conversation {
            id,
            connection,
            words: self.sender.clone(),
            place: self.place.clone(),
        };
        let turn = Arc::clone(&self.turn);
        self.tasks.spawn(async move {
            let Ok(_turn) = timeout(TURN, turn.lock()).await else {
                return conversation
                    .refuse("another transaction is under way")
                    .await;
            };
            conversation.run(fds).await;
        });
    }

    /// What the coordinator wants next. Safe to cancel: nothing is lost.
    pub async fn next(&mut self) -> Word {
        match self.words.recv().await {
            Some(word) => word,
            // Never: `self` holds a sender.
            None => std::future::pending().await,
        }
    }
}

/// One transaction.
struct Conversation {
    id: u64,
    connection: AsyncPacket,
    words: mpsc::Sender<Word>,
    place: Place,
}

impl Conversation {
    async fn run(self, fds: Vec<OwnedFd>) {
        self.place.reached("prepare");
        let config = match configuration(fds).await {
            Ok(config) => config,
            Err(reason) => return self.refuse(&reason).await,
        };
        match self.prepare(config).await {
            Some(Ok(effect)) => self.decide(effect).await,
            Some(Err(reason)) => self.refuse(&reason).await,
            None => self.abort().await,
        }
    }

    /// The daemon's vote; none when the coordinator did not wait for it.
    async fn prepare(&self, config: Box<Config>) -> Option<Result<Effect, String>> {
        let (sender, vote) = oneshot::channel();
        let vote_owed = Vote { sender };
        let word = Word::Prepare {
            config,
            vote: vote_owed,
        };
        if self.words.send(word).await.is_err() {
            return Some(Err("it is about to end".to_owned()));
        }
        tokio::select! {
            vote = vote => Some(vote.unwrap_or_else(|_| Err("it gave no vote".to_owned()))),
            _ = self.request() => None,
        }
    }

    async fn decide(self, effect: Effect) {
        let id = self.id;
        let told = self.say(TransactionAnswer::Prepared { id, effect }).await;
        self.place.reached("prepared");
        if told.is_ok() && self.request().await == Some(TransactionRequest::Commit(id)) {
            self.commit().await;
        } else {
            self.abort().await;
        }
    }

    async fn commit(self) {
        self.place.reached("commit");
        let (sender, done) = oneshot::channel();
        if self
            .words
            .send(Word::Commit(Done { sender }))
            .await
            .is_err()
        {
            return;
        }
        // A daemon that drops its Done breaks off: so does the connection.
        let Ok(told) = done.await else { return };
        self.place.reached("committed");
        // A coordinator that is gone asks again when it is back.
        drop(self.say(TransactionAnswer::Committed(self.id)).await);
        told.send(()).ok();
    }

    async fn abort(self) {
        drop(self.words.send(Word::Abort).await);
        drop(self.say(TransactionAnswer::Aborted(self.id)).await);
    }

    async fn refuse(self, reason: &str) {
        drop(self.send(&Answer::Error(reason.to_owned())).await);
    }

    /// The coordinator's next word; none when the connection ended or the word made no sense.
    async fn request(&self) -> Option<TransactionRequest> {
        let (bytes, _) = self.connection.recv().await.ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(Request::Transaction(request)) => Some(request),
            Ok(_) | Err(_) => None,
        }
    }

    async fn say(&self, answer: TransactionAnswer) -> io::Result<()> {
        self.send(&Answer::Transaction(answer)).await
    }

    async fn send(&self, answer: &Answer<()>) -> io::Result<()> {
        let record = serde_json::to_vec(answer)?;
        match timeout(PATIENCE, self.connection.send(&record, &[])).await {
            Ok(sent) => sent,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// The configuration in the one descriptor; or in one line why there is none. Read and validated
/// beside the daemon's loop, which has its own times to keep.
async fn configuration(mut fds: Vec<OwnedFd>) -> Result<Box<Config>, String> {
    let (Some(fd), true) = (fds.pop(), fds.is_empty()) else {
        return Err("prepare comes with one descriptor, the text".to_owned());
    };
    let read = tokio::task::spawn_blocking(move || {
        let bytes = sealed::unseal(fd, TEXT_BYTES).map_err(|e| format!("the text: {e}"))?;
        let text = String::from_utf8(bytes).map_err(|e| format!("the text: {e}"))?;
        config::parse("configuration", &text)
            .map(Box::new)
            .map_err(|faults| faults.first().map(ToString::to_string).unwrap_or_default())
    });
    read.await
        .unwrap_or_else(|error| Err(format!("the text: {error}")))
}
