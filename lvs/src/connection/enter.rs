//! Coming and going. The shard is locked meanwhile.

use core::sync::atomic::Ordering;

use super::cell::{Bucket, Entry, Key, StateWord};
use super::hash::Place;
use super::layout::BUCKET_CELLS;
use super::table::{Found, Table};
use super::tick::Tick;
use crate::tcp_state::TcpState;

/// A first bucket with this many connections shares new ones with the second bucket.
const CROWDED: usize = 10;

/// What became of an entry.
#[derive(Clone, Copy, Debug)]
pub enum Inserted<'m> {
    /// It is in the table.
    New,
    /// Another worker had entered the connection meanwhile.
    Existing(Found<'m>),
}

/// Why a connection could not be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertError {
    /// The shard stayed locked for too long.
    Busy,
    /// The client endpoint already reaches the same real by another service.
    Conflict,
}

impl<'m> Table<'m> {
    /// Removes a found connection, unless its cell has another one by now.
    pub(crate) fn remove(&self, found: &Found<'m>) -> bool {
        let Some(_guard) = self.lock(found.place.shard(self.layout.shards)) else {
            return false;
        };
        let same = found.bucket.tag(found.at) == found.tag;
        if same {
            self.retire(found.bucket, found.at);
        }
        same
    }

    pub(super) fn expire(&self, found: &Found<'m>, now: Tick) {
        let Some(_guard) = self.lock(found.place.shard(self.layout.shards)) else {
            return;
        };
        let word = StateWord(found.cell.state().load(Ordering::Relaxed));
        if found.bucket.tag(found.at) == found.tag && self.remaining(word, now) == 0 {
            self.retire(found.bucket, found.at);
            self.events.expired.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Frees a cell. The shard is locked.
    pub(super) fn retire(&self, bucket: Bucket<'m>, at: usize) {
        let Some(cell) = bucket.cell(at) else { return };
        let (key, real, _) = cell.read();
        bucket.set_tag(at, bucket.tag(at).freed());
        let first = self.first(self.place(key.client, key.protocol));
        if let Some(first) = first.filter(|first| !first.is(bucket)) {
            first.set_displaced(first.displaced().saturating_sub(1));
        }
        // From here on no worker's change of state can succeed: the word is no connection's.
        let word = StateWord(cell.state().swap(0, Ordering::Relaxed));
        self.moved(real, word.state(), TcpState::None);
    }

    /// Enters a connection.
    pub(crate) fn insert(&self, entry: &Entry, now: Tick) -> Result<Inserted<'m>, InsertError> {
        let place = self.place(entry.key.client, entry.key.protocol);
        let _guard = self
            .lock(place.shard(self.layout.shards))
            .ok_or(InsertError::Busy)?;
        let same = |key: &Key, _, _| *key == entry.key;
        if let Some(found) = self.probe(place, same) {
            if self.remaining(found.word, now) > 0 {
                return Ok(Inserted::Existing(found));
            }
            self.retire(found.bucket, found.at);
            self.events.expired.fetch_add(1, Ordering::Relaxed);
        }
        self.settle_conflict(place, entry, now)?;
        let (bucket, at) = self.vacancy(place, now).ok_or(InsertError::Busy)?;
        self.write(bucket, at, place, entry, now);
        Ok(Inserted::New)
    }

    /// Writes an entry into a free cell, the tag last. The shard is locked.
    fn write(&self, bucket: Bucket<'m>, at: usize, place: Place, entry: &Entry, now: Tick) {
        let Some(cell) = bucket.cell(at) else { return };
        let first = self.first(place);
        if let Some(first) = first.filter(|first| !first.is(bucket)) {
            first.set_displaced(first.displaced().saturating_add(1));
        }
        let tag = bucket.tag(at).taken(place.tag());
        cell.write(entry, tag.generation(), now);
        self.moved(entry.real, TcpState::None, entry.state);
        bucket.set_tag(at, tag);
        self.events.entered.fetch_add(1, Ordering::Relaxed);
    }

    /// Sees to it that no other NAT connection of this client endpoint has the same real endpoint,
    /// by which its replies are told apart. One that is closing makes way. The shard is locked.
    fn settle_conflict(&self, place: Place, entry: &Entry, now: Tick) -> Result<(), InsertError> {
        if entry.one_way {
            return Ok(());
        }
        let registry = self.registry();
        let Some(wanted) = registry.find(entry.real) else {
            return Ok(());
        };
        let conflict = self.probe(place, |key, real, word| {
            key.client == entry.key.client
                && key.protocol == entry.key.protocol
                && !word.is_one_way()
                && registry
                    .find(real)
                    .is_some_and(|known| known.real == wanted.real)
        });
        let Some(found) = conflict else { return Ok(()) };
        if self.remaining(found.word, now) > 0 && found.word.state().is_active() {
            return Err(InsertError::Conflict);
        }
        self.retire(found.bucket, found.at);
        self.events.evicted_closing.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// A free cell for a connection: in the first bucket until that is crowded, then in the emptier
    /// one, else one that another connection makes way in. The shard is locked.
    fn vacancy(&self, place: Place, now: Tick) -> Option<(Bucket<'m>, usize)> {
        let first = self.first(place)?;
        let mut free = first.free();
        if free.count() > BUCKET_CELLS - CROWDED {
            return Some((first, free.next()?));
        }
        let second = self.second(place)?;
        let mut other = second.free();
        match (free.next(), other.next()) {
            (Some(at), None) => Some((first, at)),
            (Some(at), Some(_)) if first.free().count() >= second.free().count() => {
                Some((first, at))
            }
            (_, Some(at)) => Some((second, at)),
            (None, None) => self.evict([first, second], now),
        }
    }
}
