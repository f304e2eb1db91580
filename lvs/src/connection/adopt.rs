//! Taking over the table of a process that is no more.

use core::fmt;
use core::sync::atomic::AtomicU64;

use wire::Instant;

use super::cell::{Bucket, Tag};
use super::layout::{Layout, LayoutError};
use super::table::Table;
use super::tick::Tick;
use crate::config::Protocol;
use crate::tcp_state::TcpState;

/// What was found in an adopted table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Connections that go on.
    pub kept: usize,
    /// Entries that made no sense and were dropped.
    pub dropped: usize,
}

/// Why a region cannot be adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptError {
    /// It is too small for any table.
    Layout(LayoutError),
    /// It holds no table, or one of another version or length.
    NoTable,
}

impl fmt::Display for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(error) => error.fmt(f),
            Self::NoTable => f.write_str("no connection table of this version and length"),
        }
    }
}

impl core::error::Error for AdoptError {}

impl<'m> Table<'m> {
    /// Takes over a table. Every entry is looked at: what does not fit is dropped, and the reals'
    /// loads are counted anew. No other process may use the region any longer.
    ///
    /// # Errors
    /// When the region holds no table of this version and length; format it then.
    pub fn adopt(words: &'m [AtomicU64], now: Instant) -> Result<(Self, Adopted), AdoptError> {
        let layout = Layout::new(words).map_err(AdoptError::Layout)?;
        let key = layout.key().ok_or(AdoptError::NoTable)?;
        let table = Self::over(layout, key);
        let mut adopted = Adopted::default();
        let buckets = || layout.buckets.iter().filter_map(Bucket::new);
        // Almost all count none, and to write is dear: the first write to a page is a fault of its own.
        buckets()
            .filter(|bucket| bucket.displaced() != 0)
            .for_each(|bucket| bucket.set_displaced(0));
        for bucket in buckets() {
            table.adopt_bucket(bucket, Tick::at(now), &mut adopted);
        }
        Ok((table, adopted))
    }

    fn adopt_bucket(&self, bucket: Bucket<'m>, now: Tick, adopted: &mut Adopted) {
        for at in bucket.taken() {
            if self.adopt_cell(bucket, at, now).is_some() {
                adopted.kept += 1;
            } else {
                // Its state was not counted yet: only the tag goes.
                bucket.set_tag(at, bucket.tag(at).freed());
                adopted.dropped += 1;
            }
        }
    }

    /// Counts an entry for its real and its bucket, if it makes sense where it lies.
    fn adopt_cell(&self, bucket: Bucket<'m>, at: usize, now: Tick) -> Option<()> {
        let tag = bucket.tag(at);
        let (key, real, word) = bucket.cell(at)?.read();
        let place = self.place(key.client, key.protocol);
        let first = self.first(place)?;
        let is_displaced = !first.is(bucket);
        let known = self.registry().find(real)?;
        let fits = tag.matches(Tag::pattern(place.tag()))
            && tag.generation() == word.generation()
            && (!is_displaced || self.second(place)?.is(bucket))
            && word.state() != TcpState::None
            && word.last_seen() <= now
            && Protocol::from_number(key.protocol).is_some()
            && known.service == key.service
            && known.protocol == key.protocol;
        if !fits {
            return None;
        }
        if is_displaced {
            first.set_displaced(first.displaced().saturating_add(1));
        }
        self.moved(real, TcpState::None, word.state());
        Some(())
    }
}
