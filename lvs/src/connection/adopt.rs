//! Taking over the table of a process that is no more.

use core::fmt;
use core::sync::atomic::AtomicU64;

use wire::Instant;

use super::cell::{Bucket, Tag};
use super::hash::Place;
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
        for (at, words) in layout.buckets.iter().enumerate() {
            if let Some(bucket) = Bucket::new(words) {
                table.adopt_bucket(at, bucket, Tick::at(now), &mut adopted);
            }
        }
        Ok((table, adopted))
    }

    fn adopt_bucket(&self, at: usize, bucket: Bucket<'m>, now: Tick, adopted: &mut Adopted) {
        for cell in bucket.taken() {
            let tag = bucket.tag(cell);
            if self.fits(at, bucket, cell, tag, now) {
                adopted.kept += 1;
            } else {
                // Its state was not counted yet: only the tag goes.
                bucket.set_tag(cell, tag.freed());
                adopted.dropped += 1;
            }
        }
    }

    /// Whether an entry makes sense where it lies; if so, it is counted for its real.
    fn fits(&self, at: usize, bucket: Bucket<'m>, cell: usize, tag: Tag, now: Tick) -> bool {
        let Some(words) = bucket.cell(cell) else {
            return false;
        };
        let (key, real, word) = words.read();
        let place: Place = self.place(key.client, key.protocol);
        let (shard, len) = (place.shard(self.layout.shards), self.layout.shard_buckets);
        let places = [place.first(len), place.second(len)].map(|bucket| shard * len + bucket);
        let registered = self.registry().find(real);
        let fits = tag.matches(Tag::pattern(place.tag()))
            && tag.generation() == word.generation()
            && places.contains(&at)
            && word.state() != TcpState::None
            && word.last_seen() <= now
            && Protocol::from_number(key.protocol).is_some()
            && registered.is_some_and(|known| {
                known.service == key.service && known.protocol == key.protocol
            });
        if fits {
            self.moved(real, TcpState::None, word.state());
        }
        fits
    }
}
