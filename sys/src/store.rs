//! The descriptor store: descriptors that a daemon hands to the supervisor, so that they, and what hangs on
//! them in the kernel (sockets, rings, memory, interfaces), outlive the daemon.
//!
//! The daemon's half is [`FdStore`], the supervisor's half is [`Store`]. Each item has a name, its
//! descriptors, a note of the daemon's own (JSON text that the supervisor never reads) and a flag: `durable`
//! items survive a cold start, the others are dropped by [`Store::drop_non_durable`].
//!
//! Records (see [`crate::packet`]), each call on a connection of its own:
//! ```text
//! {"store":{"daemon":"lvsd","name":"umem-0","meta":"{…}","durable":false}} + descriptors → {"end":1}
//! {"forget":{"daemon":"lvsd","name":"umem-0"}}                                          → {"end":1} or {"end":0}
//! {"fetch":{"daemon":"lvsd"}} → {"begin":"store"}, {"item":{"name":…,"meta":…,"durable":…}} + descriptors …, {"end":n}
//! anything refused            → {"error":"why"}
//! ```
//!
//! A daemon that has called [`crate::supervised::begin`] keeps duplicates of what it has stored, and hands
//! them to the next supervisor when this one dies: there, `store` and `forget` without a supervisor are
//! no errors.

mod held;
mod server;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::packet::Packet;
use crate::supervised;
pub(crate) use held::Held;
pub use server::{Answer, MAX_DESCRIPTORS, MAX_ITEMS, Request, Store};

/// The environment variable with the path of the supervisor's socket.
pub const FD_STORE: &str = "FD_STORE";
/// The environment variable with the name under which the supervisor runs this process.
pub const DAEMON: &str = "DAEMON";

/// A supervisor that answers later than this is taken for gone: a daemon never hangs on its store.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(5);

/// One stored item, as fetched.
#[derive(Debug)]
pub struct Stored {
    /// The daemon's own name for it.
    pub name: String,
    /// The daemon's own note, JSON text.
    pub meta: String,
    /// The descriptors, in the order in which they were stored.
    pub fds: Vec<OwnedFd>,
    /// Whether it survives a cold start.
    pub durable: bool,
}

/// A daemon's access to its own items.
#[derive(Clone, Debug)]
pub struct FdStore {
    path: PathBuf,
    daemon: String,
}

/// What the store answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Begin(String),
    Item(Item),
    End(usize),
    Error(String),
}

#[derive(Debug, Serialize, Deserialize)]
struct Item {
    name: String,
    meta: String,
    durable: bool,
}

impl FdStore {
    /// The store of the supervisor that started this process; `None` for a daemon that runs alone.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        let path = std::env::var_os(FD_STORE)?;
        let daemon = std::env::var(DAEMON).ok()?;
        Some(Self::new(path, daemon))
    }

    /// The items of `daemon` at the supervisor that listens at `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, daemon: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            daemon: daemon.into(),
        }
    }

    /// Everything that this daemon (an earlier process of it, or this one) has stored, by name. The
    /// items stay stored.
    ///
    /// # Errors
    /// When the supervisor is gone, refuses, or takes longer than 5 s.
    pub fn fetch(&self) -> io::Result<Vec<Stored>> {
        let peer = self.request(
            &Request::Fetch {
                daemon: self.daemon.clone(),
            },
            &[],
        )?;
        let mut items = Vec::new();
        loop {
            match receive(&peer)? {
                (Reply::Begin(_), _) => {}
                (
                    Reply::Item(Item {
                        name,
                        meta,
                        durable,
                    }),
                    fds,
                ) => {
                    items.push(Stored {
                        name,
                        meta,
                        fds,
                        durable,
                    });
                }
                (Reply::End(count), _) if count == items.len() => {
                    if let Some(held) = self.held() {
                        held.replace(&items)?;
                    }
                    return Ok(items);
                }
                (Reply::End(count), _) => {
                    let why = format!("descriptor store: {} of {count} items came", items.len());
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
                (Reply::Error(why), _) => return Err(refused(&why)),
            }
        }
    }

    /// Stores `fds` (at most 32) with a note under `name`; an item of that name is replaced. When it
    /// returns, the supervisor holds the descriptors.
    ///
    /// # Errors
    /// When the supervisor refuses; `InvalidInput` above the limits of [`crate::packet`]. When it is gone
    /// or takes longer than 5 s, unless this process hands what it has stored to the next one.
    pub fn store(
        &self,
        name: &str,
        meta: &str,
        fds: &[BorrowedFd<'_>],
        durable: bool,
    ) -> io::Result<()> {
        let daemon = self.daemon.clone();
        let request = Request::Store {
            daemon,
            name: name.to_owned(),
            meta: meta.to_owned(),
            durable,
        };
        let ask = || acknowledged(&self.request(&request, fds)?);
        match self.held() {
            Some(held) => held.store(name, meta, fds, durable, ask),
            None => ask(),
        }
    }

    /// Makes the supervisor close what is stored under `name`. Forgetting what is not there is no error.
    ///
    /// # Errors
    /// When the supervisor refuses. When it is gone or takes longer than 5 s, unless this process hands
    /// what it has stored to the next one.
    pub fn forget(&self, name: &str) -> io::Result<()> {
        let request = Request::Forget {
            daemon: self.daemon.clone(),
            name: name.to_owned(),
        };
        let ask = || acknowledged(&self.request(&request, &[])?);
        match self.held() {
            Some(held) => held.forget(name, ask),
            None => ask(),
        }
    }

    /// What this process keeps for the next supervisor, if it does so.
    fn held(&self) -> Option<&'static Held> {
        supervised::held(&self.path, &self.daemon)
    }

    fn request(&self, request: &Request, fds: &[BorrowedFd<'_>]) -> io::Result<Packet> {
        let peer = Packet::connect(&self.path)?;
        peer.set_timeout(Some(TIME_LIMIT))?;
        peer.send(&serde_json::to_vec(request)?, fds)?;
        Ok(peer)
    }
}

fn receive(peer: &Packet) -> io::Result<(Reply, Vec<OwnedFd>)> {
    let (record, fds) = peer.recv()?;
    Ok((serde_json::from_slice(&record)?, fds))
}

/// Waits for the answer to a request that only says whether it was done.
pub(crate) fn acknowledged(peer: &Packet) -> io::Result<()> {
    match receive(peer)?.0 {
        Reply::End(_) => Ok(()),
        Reply::Error(why) => Err(refused(&why)),
        Reply::Begin(_) | Reply::Item(_) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "descriptor store: not an answer",
        )),
    }
}

/// The one error of this kind: the supervisor is there and says no.
fn refused(why: &str) -> io::Error {
    let why = format!("supervisor: {why}");
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}
