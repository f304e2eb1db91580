//! Verdicts to another daemon: all of them when it comes, then what changes.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{Answer, BATCH, PoolVerdict, RealVerdict, Request};
use sys::packet::AsyncPacket;
use tokio::time::{Instant, sleep_until};

/// How often the other daemon is looked for while it is not there.
const RETRY: Duration = Duration::from_millis(50);

/// What verdicts are of.
pub trait Subject: Ord + Sized {
    /// A record of verdicts.
    fn record(verdicts: Vec<(Self, bool)>) -> Request;
}

/// A real of a service.
impl Subject for (String, SocketAddr) {
    fn record(verdicts: Vec<(Self, bool)>) -> Request {
        let verdicts = verdicts.into_iter();
        let verdicts = verdicts.map(|((service, real), up)| RealVerdict { service, real, up });
        Request::Verdicts(verdicts.collect())
    }
}

/// A service.
impl Subject for String {
    fn record(verdicts: Vec<(Self, bool)>) -> Request {
        let verdicts = verdicts.into_iter();
        let verdicts = verdicts.map(|(service, alive)| PoolVerdict { service, alive });
        Request::Pools(verdicts.collect())
    }
}

/// What a step brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The other daemon is there: it knows nothing yet.
    Connected,
    /// It got a record.
    Sent,
    /// It is not there, or there no longer.
    Away,
}

#[derive(Debug)]
enum Link {
    Away { retry: Instant },
    There(AsyncPacket),
}

/// The way to one daemon. What waits is at most one verdict for each subject, however long the other one
/// does not read.
#[derive(Debug)]
pub struct Stream<S> {
    daemon: &'static str,
    path: PathBuf,
    link: Link,
    waiting: BTreeMap<S, bool>,
    /// The record that is being sent.
    record: Option<Vec<u8>>,
    refused: Option<String>,
}

impl<S: Subject> Stream<S> {
    /// A stream to the daemon of this name.
    pub fn new(daemon: &'static str, run_dir: &Path) -> Self {
        Self {
            daemon,
            path: socket_in(run_dir, daemon),
            link: Link::Away {
                retry: Instant::now(),
            },
            waiting: BTreeMap::new(),
            record: None,
            refused: None,
        }
    }

    /// Verdicts to tell, where they are newer than what waits.
    pub fn add(&mut self, verdicts: BTreeMap<S, bool>) {
        self.waiting.extend(verdicts);
    }

    /// Connects, or sends a record, or sees the other daemon go. Safe to cancel.
    pub async fn step(&mut self) -> Step {
        self.encode();
        let packet = match &self.link {
            Link::Away { retry } => {
                sleep_until(*retry).await;
                return self.connect();
            }
            Link::There(packet) => packet,
        };
        let send = async {
            match &self.record {
                Some(record) => packet.send(record, &[]).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            sent = send => match sent {
                Ok(()) => {
                    self.record = None;
                    Step::Sent
                }
                Err(_) => self.lose(),
            },
            // Nothing is expected but the end, or why not.
            said = packet.recv() => {
                self.hear(said.map(|(record, _)| record));
                self.lose()
            }
        }
    }

    fn connect(&mut self) -> Step {
        match AsyncPacket::connect(&self.path) {
            Ok(packet) => {
                self.link = Link::There(packet);
                // At once, also when it is empty: it says what the connection is for.
                self.record = serde_json::to_vec(&S::record(Vec::new())).ok();
                Step::Connected
            }
            Err(_) => self.lose(),
        }
    }

    fn lose(&mut self) -> Step {
        self.record = None;
        self.link = Link::Away {
            retry: Instant::now() + RETRY,
        };
        Step::Away
    }

    /// Makes the next record, when there is one to make and somebody to send it to.
    fn encode(&mut self) {
        if self.record.is_some() || matches!(self.link, Link::Away { .. }) {
            return;
        }
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let Some(verdict) = self.waiting.pop_first() else {
                break;
            };
            batch.push(verdict);
        }
        if !batch.is_empty() {
            self.record = serde_json::to_vec(&S::record(batch)).ok();
        }
    }

    /// Logs a refusal, once for each reason.
    fn hear(&mut self, said: io::Result<Vec<u8>>) {
        let said = said
            .ok()
            .and_then(|record| serde_json::from_slice(&record).ok());
        if let Some(Answer::<()>::Error(reason)) = said
            && self.refused.as_ref() != Some(&reason)
        {
            eprintln!("{}: {reason}", self.daemon);
            self.refused = Some(reason);
        }
    }
}
