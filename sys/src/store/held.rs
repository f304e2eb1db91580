//! A daemon's own duplicates of what it has stored, for the supervisor that comes after this one.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Request, Stored, acknowledged};
use crate::packet::Packet;

/// What the supervisor holds for this process, and the next one shall hold.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Locked while the supervisor is told of a change, so that it learns of changes in their order.
    items: Mutex<BTreeMap<String, Item>>,
}

#[derive(Debug)]
struct Item {
    meta: String,
    fds: Vec<OwnedFd>,
    durable: bool,
}

impl Held {
    /// What was fetched is what is stored.
    pub(super) fn replace(&self, stored: &[Stored]) -> io::Result<()> {
        let mut fresh = BTreeMap::new();
        for Stored {
            name,
            meta,
            fds,
            durable,
        } in stored
        {
            let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
            fresh.insert(name.clone(), Item::new(meta, &fds, *durable)?);
        }
        *self.lock() = fresh;
        Ok(())
    }

    /// Keeps an item, and asks the supervisor to; it is kept also when there is none.
    pub(super) fn store(
        &self,
        name: &str,
        meta: &str,
        fds: &[BorrowedFd<'_>],
        durable: bool,
        ask: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let item = Item::new(meta, fds, durable)?;
        let mut items = self.lock();
        match ask() {
            Err(e) if is_refusal(&e) => Err(e),
            Ok(()) | Err(_) => {
                items.insert(name.to_owned(), item);
                Ok(())
            }
        }
    }

    /// Closes an item, and asks the supervisor to.
    pub(super) fn forget(
        &self,
        name: &str,
        ask: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let mut items = self.lock();
        items.remove(name);
        match ask() {
            Err(e) if is_refusal(&e) => Err(e),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Hands everything to a supervisor, by a connection on which `daemon` has registered.
    pub(crate) fn hand_over(&self, peer: &Packet, daemon: &str) -> io::Result<()> {
        for (name, item) in &*self.lock() {
            let request = Request::Store {
                daemon: daemon.to_owned(),
                name: name.clone(),
                meta: item.meta.clone(),
                durable: item.durable,
            };
            let fds: Vec<_> = item.fds.iter().map(AsFd::as_fd).collect();
            peer.send(&serde_json::to_vec(&request)?, &fds)?;
            acknowledged(peer)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Item>> {
        // Each change is one insertion or removal: nobody can have left it half done.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    fn new(meta: &str, fds: &[BorrowedFd<'_>], durable: bool) -> io::Result<Self> {
        let fds: io::Result<_> = fds.iter().map(BorrowedFd::try_clone_to_owned).collect();
        Ok(Self {
            meta: meta.to_owned(),
            fds: fds?,
            durable,
        })
    }
}

/// Whether a next supervisor would not take it either.
fn is_refusal(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
    )
}
