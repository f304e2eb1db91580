//! The supervisor's half: what is stored, and the answer to each request.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Item, Reply};
use crate::packet::AsyncPacket;

/// The most items of one daemon, so that a daemon's bug cannot take all of the supervisor's descriptors.
pub const MAX_ITEMS: usize = 64;
/// The most descriptors of one daemon, for the same reason.
pub const MAX_DESCRIPTORS: usize = 1024;

/// What a daemon asks of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Keep the descriptors that came with the record.
    Store {
        /// Whose item.
        daemon: String,
        /// Its name; an item of that name is replaced.
        name: String,
        /// The daemon's own note.
        meta: String,
        /// Whether it survives a cold start.
        durable: bool,
    },
    /// Send everything that is stored.
    Fetch {
        /// Whose items.
        daemon: String,
    },
    /// Close what is stored under a name.
    Forget {
        /// Whose item.
        daemon: String,
        /// Its name.
        name: String,
    },
}

/// One record of an answer, with its descriptors.
#[derive(Clone, Debug)]
pub struct Answer {
    record: Vec<u8>,
    fds: Arc<[OwnedFd]>,
}

/// The stored items of every daemon. Dropping an item closes its descriptors.
#[derive(Debug, Default)]
pub struct Store {
    daemons: BTreeMap<String, BTreeMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    meta: String,
    fds: Arc<[OwnedFd]>,
    durable: bool,
}

impl Request {
    /// Reads a record.
    ///
    /// # Errors
    /// `InvalidData` for anything that is no request.
    pub fn parse(record: &[u8]) -> io::Result<Self> {
        serde_json::from_slice(record)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("no request: {e}")))
    }

    /// Whose items it is about.
    #[must_use]
    pub fn daemon(&self) -> &str {
        match self {
            Self::Store { daemon, .. } | Self::Fetch { daemon } | Self::Forget { daemon, .. } => {
                daemon
            }
        }
    }
}

impl Answer {
    /// A refusal and its reason.
    #[must_use]
    pub fn refusal(why: &str) -> Self {
        Self::new(&Reply::Error(why.to_owned()), Arc::new([]))
    }

    /// The answer to what only had to be done.
    #[must_use]
    pub fn done() -> Self {
        Self::new(&Reply::End(1), Arc::new([]))
    }

    /// A record without descriptors, for a host that answers other requests on the same socket.
    #[must_use]
    pub fn record(record: Vec<u8>) -> Self {
        Self {
            record,
            fds: Arc::new([]),
        }
    }

    /// Sends it.
    ///
    /// # Errors
    /// As [`AsyncPacket::send`].
    pub async fn send(&self, peer: &AsyncPacket) -> io::Result<()> {
        let fds: Vec<_> = self.fds.iter().map(AsFd::as_fd).collect();
        peer.send(&self.record, &fds).await
    }

    fn new(reply: &Reply, fds: Arc<[OwnedFd]>) -> Self {
        // A reply is strings, flags and numbers: it always has a JSON form.
        Self {
            record: serde_json::to_vec(reply).unwrap_or_default(),
            fds,
        }
    }

    fn end(count: usize) -> Vec<Self> {
        vec![Self::new(&Reply::End(count), Arc::new([]))]
    }
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what is asked, with the descriptors that came with the request, and says what to send back.
    pub fn answer(&mut self, request: Request, fds: Vec<OwnedFd>) -> Vec<Answer> {
        match request {
            Request::Store {
                daemon,
                name,
                meta,
                durable,
            } => {
                let items = self.daemons.entry(daemon).or_default();
                if items.len() >= MAX_ITEMS && !items.contains_key(&name) {
                    return vec![Answer::refusal(&format!("full: at most {MAX_ITEMS} items"))];
                }
                let others = items.iter().filter(|(other, _)| **other != name);
                let others: usize = others.map(|(_, entry)| entry.fds.len()).sum();
                if others + fds.len() > MAX_DESCRIPTORS {
                    let why = format!("full: at most {MAX_DESCRIPTORS} descriptors");
                    return vec![Answer::refusal(&why)];
                }
                items.insert(
                    name,
                    Entry {
                        meta,
                        fds: fds.into(),
                        durable,
                    },
                );
                Answer::end(1)
            }
            Request::Fetch { daemon } => self.fetch(&daemon),
            Request::Forget { daemon, name } => {
                let items = self.daemons.entry(daemon).or_default();
                Answer::end(usize::from(items.remove(&name).is_some()))
            }
        }
    }

    /// Closes what of a daemon does not survive a cold start; returns how many items went.
    pub fn drop_non_durable(&mut self, daemon: &str) -> usize {
        let Some(items) = self.daemons.get_mut(daemon) else {
            return 0;
        };
        let before = items.len();
        items.retain(|_, entry| entry.durable);
        before - items.len()
    }

    /// How many items a daemon has stored.
    #[must_use]
    pub fn count(&self, daemon: &str) -> usize {
        self.daemons.get(daemon).map_or(0, BTreeMap::len)
    }

    fn fetch(&self, daemon: &str) -> Vec<Answer> {
        let items = self.daemons.get(daemon).into_iter().flatten();
        let mut answers = vec![Answer::new(&Reply::Begin("store".to_owned()), Arc::new([]))];
        answers.extend(items.map(|(name, entry)| {
            let item = Item {
                name: name.clone(),
                meta: entry.meta.clone(),
                durable: entry.durable,
            };
            Answer::new(&Reply::Item(item), Arc::clone(&entry.fds))
        }));
        let count = answers.len() - 1;
        answers.extend(Answer::end(count));
        answers
    }
}
