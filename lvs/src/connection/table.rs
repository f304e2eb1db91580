//! The table itself: finding, following, entering, removing.

use alloc::boxed::Box;
use core::array;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::cell::{Bucket, Cell, Key, StateWord, Tag};
use super::hash::{HashKey, Place};
use super::layout::{BucketWords, Layout, LayoutError};
use super::lock::{Guard, Lock};
use super::registry::{RealId, Registry};
use super::tick::{Tick, ticks};
use crate::address::Endpoint;
use crate::config::Timeouts;
use crate::tcp_state::TcpState;

/// How often a state change is tried against another worker's.
const TRIES: usize = 4;

/// What the table has done since the process started, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TableCounters {
    /// Connections that there is room for.
    pub capacity: u64,
    /// Connections in the table, expired ones that nothing has removed yet included.
    pub held: u64,
    /// Connections entered.
    pub entered: u64,
    /// Connections removed because they were silent for too long.
    pub expired: u64,
    /// Closing connections that made way for a new one.
    pub evicted_closing: u64,
    /// Half-open connections that made way for a new one.
    pub evicted_half_open: u64,
    /// Other live connections that made way for a new one.
    pub evicted_established: u64,
}

/// Connections of one real.
#[derive(Debug, Default)]
struct Load {
    active: AtomicU32,
    inactive: AtomicU32,
}

#[derive(Debug, Default)]
pub(super) struct Events {
    pub entered: AtomicU64,
    pub expired: AtomicU64,
    pub evicted_closing: AtomicU64,
    pub evicted_half_open: AtomicU64,
    pub evicted_established: AtomicU64,
}

/// The connection table over a region of memory that this process shares with its successor.
#[derive(Debug)]
pub struct Table<'m> {
    pub(super) layout: Layout<'m>,
    key: HashKey,
    locks: Box<[Lock]>,
    loads: Box<[Load]>,
    timeouts: [AtomicU32; TcpState::ALL.len()],
    held: AtomicUsize,
    pub(super) sweep_at: AtomicUsize,
    pub(super) events: Events,
}

/// A connection that was found, as it was at that moment.
#[derive(Clone, Copy, Debug)]
pub struct Found<'m> {
    /// Its virtual endpoint.
    pub service: Endpoint,
    /// Its real.
    pub real: RealId,
    /// Its state word.
    pub word: StateWord,
    pub(super) place: Place,
    pub(super) bucket: Bucket<'m>,
    pub(super) at: usize,
    pub(super) tag: Tag,
    pub(super) cell: Cell<'m>,
}

impl<'m> Table<'m> {
    /// Makes a region an empty table. `key` is random: it keeps clients from aiming at a bucket.
    ///
    /// # Errors
    /// When the region is too small.
    pub fn format(words: &'m [AtomicU64], key: [u64; 2]) -> Result<Self, LayoutError> {
        let layout = Layout::new(words)?;
        let key = HashKey::new(key);
        layout.format(key);
        Ok(Self::over(layout, key))
    }

    pub(super) fn over(layout: Layout<'m>, key: HashKey) -> Self {
        let table = Self {
            layout,
            key,
            locks: (0..layout.shards).map(|_| Lock::default()).collect(),
            loads: layout.slots.iter().map(|_| Load::default()).collect(),
            timeouts: array::from_fn(|_| AtomicU32::new(0)),
            held: AtomicUsize::new(0),
            sweep_at: AtomicUsize::new(0),
            events: Events::default(),
        };
        table.set_timeouts(&Timeouts::default());
        table
    }

    /// How many real ids there are: what [`crate::Stats::new`] wants to know.
    #[must_use]
    pub const fn real_ids(&self) -> usize {
        self.layout.slots.len()
    }

    /// What the table has done.
    #[must_use]
    pub fn counters(&self) -> TableCounters {
        let total = |event: &AtomicU64| event.load(Ordering::Relaxed);
        TableCounters {
            capacity: (self.layout.shards * self.layout.shard_buckets) as u64
                * super::layout::BUCKET_CELLS as u64,
            held: self.held() as u64,
            entered: total(&self.events.entered),
            expired: total(&self.events.expired),
            evicted_closing: total(&self.events.evicted_closing),
            evicted_half_open: total(&self.events.evicted_half_open),
            evicted_established: total(&self.events.evicted_established),
        }
    }

    /// Connections in the table.
    #[inline]
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) const fn registry(&self) -> Registry<'m> {
        Registry(self.layout.slots)
    }

    /// Active and inactive connections of a real.
    pub(crate) fn load(&self, slot: u16) -> (u32, u32) {
        self.loads.get(usize::from(slot)).map_or((0, 0), |load| {
            (
                load.active.load(Ordering::Relaxed),
                load.inactive.load(Ordering::Relaxed),
            )
        })
    }

    pub(crate) fn set_timeouts(&self, timeouts: &Timeouts) {
        for (state, word) in TcpState::ALL.iter().zip(&self.timeouts) {
            word.store(ticks(state.timeout(timeouts)), Ordering::Relaxed);
        }
    }

    /// Where connections of this client endpoint lie.
    #[inline]
    pub(crate) fn place(&self, client: Endpoint, protocol: u8) -> Place {
        Place(self.key.client(client, protocol))
    }

    /// The connection with this key, unless it has expired.
    #[inline]
    pub(crate) fn find(&self, key: &Key, now: Tick) -> Option<Found<'m>> {
        let found = self.probe(self.place(key.client, key.protocol), |other, _, _| {
            other == key
        })?;
        self.alive(found, now)
    }

    /// The connection of this client endpoint that a real answers, unless it has expired.
    #[inline]
    pub(crate) fn find_reply(
        &self,
        key: &Key,
        now: Tick,
        is_reply: impl Fn(RealId) -> bool,
    ) -> Option<Found<'m>> {
        let found = self.probe(self.place(key.client, key.protocol), |other, real, word| {
            other.client == key.client
                && other.protocol == key.protocol
                && !word.is_one_way()
                && is_reply(real)
        })?;
        self.alive(found, now)
    }

    #[inline]
    fn alive(&self, found: Found<'m>, now: Tick) -> Option<Found<'m>> {
        if self.remaining(found.word, now) > 0 {
            return Some(found);
        }
        self.expire(&found, now);
        None
    }

    /// Looks through both buckets of a place.
    #[inline]
    pub(super) fn probe(
        &self,
        place: Place,
        matches: impl Fn(&Key, RealId, StateWord) -> bool,
    ) -> Option<Found<'m>> {
        let first = self.first(place)?;
        if let Some(found) = look(first, place, &matches) {
            return Some(found);
        }
        if first.displaced() == 0 {
            return None;
        }
        look(self.second(place)?, place, &matches)
    }

    /// The bucket in which a connection lies as a rule.
    #[inline]
    pub(super) fn first(&self, place: Place) -> Option<Bucket<'m>> {
        let shard = self.shard(place);
        Bucket::new(shard.get(place.first(shard.len()))?)
    }

    /// The bucket to which it is displaced when the first one is crowded.
    #[inline]
    pub(super) fn second(&self, place: Place) -> Option<Bucket<'m>> {
        let shard = self.shard(place);
        Bucket::new(shard.get(place.second(shard.len()))?)
    }

    #[inline]
    fn shard(&self, place: Place) -> &'m [BucketWords] {
        self.layout.shard(place.shard(self.layout.shards))
    }

    pub(super) fn lock(&self, shard: usize) -> Option<Guard<'_>> {
        self.locks.get(shard)?.lock()
    }

    /// Locks every shard, as workers that were preempted would.
    #[cfg(test)]
    pub(crate) fn lock_all(&self) -> alloc::vec::Vec<Guard<'_>> {
        self.locks.iter().filter_map(Lock::lock).collect()
    }

    /// Ticks until a connection expires.
    #[inline]
    pub(super) fn remaining(&self, word: StateWord, now: Tick) -> u32 {
        self.timeout(word.state())
            .saturating_sub(now.since(word.last_seen()))
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "a state's index is below the number of states"
    )]
    fn timeout(&self, state: TcpState) -> u32 {
        self.timeouts[state as usize].load(Ordering::Relaxed)
    }

    /// Follows a packet of a found connection. The path of an established connection writes
    /// nothing within a tick. False when the connection has gone meanwhile.
    #[inline]
    pub(crate) fn follow(
        &self,
        found: &Found<'m>,
        now: Tick,
        after: impl Fn(TcpState) -> TcpState,
    ) -> bool {
        let next = found.word.after(after(found.word.state()), now);
        next == found.word || self.change(found, now, after)
    }

    fn change(&self, found: &Found<'m>, now: Tick, after: impl Fn(TcpState) -> TcpState) -> bool {
        let mut word = found.word;
        for _ in 0..TRIES {
            let state = word.state();
            let next = word.after(after(state), now);
            let cell = found.cell.state();
            match cell.compare_exchange(word.0, next.0, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    self.moved(found.real, state, next.state());
                    return true;
                }
                Err(other) => word = StateWord(other),
            }
            if word.generation() != found.word.generation() || word.state() == TcpState::None {
                return false;
            }
        }
        true
    }

    /// Keeps a real's load through a change of state; `None` is no connection.
    pub(super) fn moved(&self, real: RealId, from: TcpState, to: TcpState) {
        let Some(load) = self.loads.get(usize::from(real.slot)) else {
            return;
        };
        let side = |state: TcpState| (state != TcpState::None).then(|| state.is_active());
        let count = |active| if active { &load.active } else { &load.inactive };
        if side(from) == side(to) {
            return;
        }
        match side(to) {
            Some(active) => _ = count(active).fetch_add(1, Ordering::Relaxed),
            None => _ = self.held.fetch_sub(1, Ordering::Relaxed),
        }
        match side(from) {
            Some(active) => _ = count(active).fetch_sub(1, Ordering::Relaxed),
            None => _ = self.held.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// Looks through one bucket.
#[inline]
fn look<'m>(
    bucket: Bucket<'m>,
    place: Place,
    matches: impl Fn(&Key, RealId, StateWord) -> bool,
) -> Option<Found<'m>> {
    for at in bucket.candidates(Tag::pattern(place.tag())) {
        let tag = bucket.tag(at);
        let cell = bucket.cell(at)?;
        let (key, real, word) = cell.read();
        // The words are one connection's if nothing came or went while they were read.
        let whole = tag.is_valid()
            && bucket.tag(at) == tag
            && word.generation() == tag.generation()
            && word.state() != TcpState::None;
        if whole && matches(&key, real, word) {
            return Some(Found {
                service: key.service,
                real,
                word,
                place,
                bucket,
                at,
                tag,
                cell,
            });
        }
    }
    None
}
