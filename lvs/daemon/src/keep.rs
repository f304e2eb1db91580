//! What outlives this process: descriptors in the supervisor's store, under names of our own.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use sys::store::{FdStore, Stored};

/// The connection table's memory.
pub const CONNECTIONS: &str = "connections";

/// The leases of the virtual routers.
pub const LEASES: &str = "leases";

/// What checks found of reals.
pub const VERDICTS: &str = "verdicts";

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

/// What is noted beside a bond's tables: its members in their order, by which both name them.
#[must_use]
pub fn members_note(bond: &bond::Config) -> String {
    let names: Vec<&str> = bond.members.iter().map(|member| &*member.name).collect();
    serde_json::json!(names).to_string()
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

    /// Takes the lanes of all queues; none when there are fewer or more than `queues`. One more
    /// would be kept bound, and what its queue receives would be read by nobody.
    pub fn take_lanes(&mut self, queues: usize) -> Option<Vec<Stored>> {
        if self.items.contains_key(&lane(queues)) {
            return None;
        }
        (0..queues).map(|queue| self.take(&lane(queue))).collect()
    }

    /// Takes an item's only descriptor, if this is noted beside it.
    pub fn take_noted(&mut self, name: &str, note: &str) -> Option<OwnedFd> {
        let item = self.take(name).filter(|item| item.meta == note);
        item?.fds.pop()
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

    /// Forgets what nobody took: what belonged to a bond that is no longer configured, so that its host
    /// interface goes, too.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub fn forget_leftovers(&mut self) -> io::Result<()> {
        let names: Vec<String> = self.items.keys().cloned().collect();
        names.iter().try_for_each(|name| self.forget(name))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lanes: usize) -> Kept {
        let item = |queue| Stored {
            name: lane(queue),
            meta: String::new(),
            fds: Vec::new(),
            durable: false,
        };
        let items = (0..lanes).map(|queue| (lane(queue), item(queue)));
        Kept {
            store: None,
            items: items.collect(),
        }
    }

    #[test]
    fn lanes_are_taken_when_there_is_one_for_each_queue() {
        let taken = kept(2).take_lanes(2).unwrap();
        let names: Vec<_> = taken.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["lane.0", "lane.1"]);
    }

    #[test]
    fn lanes_of_fewer_or_more_queues_are_not_taken() {
        assert!(kept(1).take_lanes(2).is_none(), "a store half done");
        assert!(kept(2).take_lanes(1).is_none(), "a queue fewer than before");
    }

    #[test]
    fn what_nobody_took_is_forgotten() {
        let mut kept = kept(2);
        kept.take(&lane(0)).unwrap();
        kept.forget_leftovers().unwrap();
        assert!(kept.take(&lane(1)).is_none());
    }
}
