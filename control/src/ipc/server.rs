//! The answering side, on tokio.
//!
//! Tasks: one accepts, and one for each connection reads its request (at most
//! [`MOST_WAITING`] at a time, each for at most [`PATIENCE`]). Requests come to the daemon's own
//! loop through [`Server::next`], so that state needs no lock; answers are sent by a task of their
//! own, so that a client that does not read holds up nobody. Dropping the server ends the first
//! two kinds; an answer under way ends by itself.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use sys::packet::{AsyncListener, AsyncPacket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::record::{Answer, RECORD_BYTES, Request};
use crate::show::Noun;

/// Connections that may be waiting for their request to be read; more stay in the backlog.
const MOST_WAITING: usize = 32;

/// How long a client may take to send its request, or to make room for the next record.
const PATIENCE: Duration = Duration::from_secs(5);

/// A socket that answers requests.
#[derive(Debug)]
pub struct Server {
    calls: mpsc::Receiver<Call>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Listens on `path` (mode 0660; a stale socket there is removed).
    ///
    /// # Errors
    /// When the socket cannot be made.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let listener = AsyncListener::bind(path)?;
        let (sender, calls) = mpsc::channel(MOST_WAITING);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, sender));
        Ok(Self {
            calls,
            _tasks: tasks,
        })
    }

    /// The next request. Safe to cancel: nothing is lost.
    pub async fn next(&mut self) -> Call {
        match self.calls.recv().await {
            Some(call) => call,
            // The acceptor never ends before the server does; with nobody to come, none comes.
            None => std::future::pending().await,
        }
    }
}

async fn accept(listener: AsyncListener, calls: mpsc::Sender<Call>) {
    let mut readers = JoinSet::new();
    loop {
        while readers.len() >= MOST_WAITING {
            readers.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(connection) => {
                    readers.spawn(read(connection, calls.clone()));
                }
                // Out of descriptors, most likely: a pause gives others time to close some.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = readers.join_next() => {}
        }
    }
}

async fn read(connection: AsyncPacket, calls: mpsc::Sender<Call>) {
    let Ok(Ok((bytes, fds))) = timeout(PATIENCE, connection.recv()).await else {
        return;
    };
    match serde_json::from_slice(&bytes) {
        Ok(request) => {
            let call = Call {
                request,
                fds,
                connection,
            };
            // No receiver: the server is gone, and the connection closes with the call.
            drop(calls.send(call).await);
        }
        Err(error) => {
            Reply {
                connection,
                sent: 0,
            }
            .refuse(format!("no such request: {error}"))
            .await;
        }
    }
}

/// One request, and the connection that it came by. Dropping it closes the connection.
#[derive(Debug)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Descriptors that came with it.
    pub fds: Vec<OwnedFd>,
    connection: AsyncPacket,
}

impl Call {
    /// Answers with these items, from a task of its own. They are encoded now.
    pub fn answer<T: Serialize>(self, noun: Noun, items: impl IntoIterator<Item = T>) {
        let records = stream(noun, items);
        let reply = self.reply();
        tokio::spawn(async move {
            for record in records {
                // A client that went away, or does not read, loses the rest.
                if reply.send(&record).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Answers that it is done, from a task of its own.
    pub fn done(self) {
        let reply = self.reply();
        tokio::spawn(async move {
            if let Ok(record) = encode(&Answer::<()>::Done) {
                // Nobody to tell when the client is gone.
                drop(reply.send(&record).await);
            }
        });
    }

    /// Answers that nothing will come, and why, from a task of its own.
    pub fn refuse(self, reason: impl Into<String>) {
        let (reply, reason) = (self.reply(), reason.into());
        tokio::spawn(async move { reply.refuse(reason).await });
    }

    /// For an answer that is made bit by bit.
    #[must_use]
    pub fn reply(self) -> Reply {
        Reply {
            connection: self.connection,
            sent: 0,
        }
    }

    /// Whether nobody waits for the answer any more, as far as can be seen.
    pub async fn is_gone(&self) -> bool {
        // Nothing is to be heard but the end of the connection.
        let heard = timeout(Duration::ZERO, self.connection.recv()).await;
        heard.is_ok()
    }

    /// The user whose process asks.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn user(&self) -> io::Result<u32> {
        self.connection.peer_uid()
    }

    /// Gives the connection away, with the descriptors that came with the request.
    #[must_use]
    pub fn take_over(self) -> (AsyncPacket, Vec<OwnedFd>) {
        (self.connection, self.fds)
    }
}

/// An answer under way: [`Reply::begin`], [`Reply::item`]s, [`Reply::end`].
///
/// Each call fails when the client is gone or makes no room within 5 s; the answer is over then.
#[derive(Debug)]
pub struct Reply {
    connection: AsyncPacket,
    sent: u64,
}

impl Reply {
    /// Begins the stream.
    ///
    /// # Errors
    /// When the client is gone or does not read.
    pub async fn begin(&mut self, noun: Noun) -> io::Result<()> {
        self.send(&encode(&Answer::<()>::Begin(noun))?).await
    }

    /// Sends one item.
    ///
    /// # Errors
    /// When the client is gone or does not read, or the item is larger than a record.
    pub async fn item<T: Serialize + Sync>(&mut self, item: &T) -> io::Result<()> {
        self.send(&encode(&Answer::Item(item))?).await?;
        self.sent += 1;
        Ok(())
    }

    /// Ends the stream with the number of its items.
    ///
    /// # Errors
    /// When the client is gone or does not read.
    pub async fn end(&mut self) -> io::Result<()> {
        self.send(&encode(&Answer::<()>::End(self.sent))?).await
    }

    async fn refuse(&self, reason: String) {
        if let Ok(record) = encode(&Answer::<()>::Error(reason)) {
            // Nobody to tell when the client is gone.
            drop(self.send(&record).await);
        }
    }

    async fn send(&self, record: &[u8]) -> io::Result<()> {
        match timeout(PATIENCE, self.connection.send(record, &[])).await {
            Ok(sent) => sent,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// The records of a whole answer; when an item cannot be sent, an error stands in its place and
/// is the last one.
fn stream<T: Serialize>(noun: Noun, items: impl IntoIterator<Item = T>) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let encoded = (|| -> io::Result<()> {
        records.push(encode(&Answer::<()>::Begin(noun))?);
        for item in items {
            records.push(encode(&Answer::Item(item))?);
        }
        let count = u64::try_from(records.len() - 1).unwrap_or(u64::MAX);
        records.push(encode(&Answer::<()>::End(count))?);
        Ok(())
    })();
    if let Err(error) = encoded {
        records.extend(encode(&Answer::<()>::Error(error.to_string())));
    }
    records
}

fn encode<T: Serialize>(record: &Answer<T>) -> io::Result<Vec<u8>> {
    let bytes = serde_json::to_vec(record)?;
    if bytes.len() > RECORD_BYTES {
        let text = format!("an item of {} bytes is larger than a record", bytes.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(bytes)
}
