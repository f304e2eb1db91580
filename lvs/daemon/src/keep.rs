//! What outlives this process: descriptors in the supervisor's store, under names of our own.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use sys::store::{FdStore, Stored};

/// The connection table's memory.
pub const CONNECTIONS: &str = "connections";

/// A worker's umem and sockets.
#[must_use]
pub fn lane(queue: usize) -> String {
    format!("lane.{queue}")
}

/// A bond's host interface.
#[must_use]
pub fn tap(bond: &str) -> String {
    format!("tap.{bond}")
}

/// A bond's egress table.
#[must_use]
pub fn egress(bond: &str) -> String {
    format!("egress.{bond}")
}

/// A bond's feedback memory.
#[must_use]
pub fn feedback(bond: &str) -> String {
    format!("feedback.{bond}")
}

/// The store, if a supervisor keeps one for us, and what an earlier process left in it.
#[derive(Debug, Default)]
pub struct Kept {
    store: Option<FdStore>,
    items: HashMap<String, Stored>,
}

impl Kept {
    /// Fetches what the supervisor kept; nothing, when the daemon runs alone.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub fn fetch() -> io::Result<Self> {
        let Some(store) = FdStore::from_env() else {
            return Ok(Self::default());
        };
        let items = store
            .fetch()?
            .into_iter()
            .map(|item| (item.name.clone(), item))
            .collect();
        Ok(Self {
            store: Some(store),
            items,
        })
    }

    /// Takes an item out of what was fetched.
    pub fn take(&mut self, name: &str) -> Option<Stored> {
        self.items.remove(name)
    }

    /// Takes an item's only descriptor.
    pub fn take_one(&mut self, name: &str) -> Option<OwnedFd> {
        self.take(name)?.fds.pop()
    }

    /// Stores descriptors; `durable` ones survive a cold start.
    ///
    /// # Errors
    /// When the supervisor does not take them.
    pub fn store(
        &self,
        name: &str,
        meta: &str,
        fds: &[BorrowedFd<'_>],
        durable: bool,
    ) -> io::Result<()> {
        match &self.store {
            Some(store) => store.store(name, meta, fds, durable),
            None => Ok(()),
        }
    }

    /// Stores one descriptor without a note.
    ///
    /// # Errors
    /// As [`Kept::store`].
    pub fn store_one(&self, name: &str, fd: impl AsFd, durable: bool) -> io::Result<()> {
        self.store(name, "{}", &[fd.as_fd()], durable)
    }

    /// Has the supervisor close an item, and closes our own copy.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub fn forget(&mut self, name: &str) -> io::Result<()> {
        self.items.remove(name);
        match &self.store {
            Some(store) => store.forget(name),
            None => Ok(()),
        }
    }
}
