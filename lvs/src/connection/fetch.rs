//! Reading ahead: loads whose values nobody waits for, so that those of a batch overlap.

use core::hint::black_box;
use core::sync::atomic::Ordering;

use super::cell::{Bucket, Tag};
use super::hash::Place;
use super::table::Table;
use crate::address::Endpoint;

impl<'m> Table<'m> {
    /// Fetches the tags of the first buckets of these client endpoints.
    #[inline]
    pub(crate) fn fetch_tags(&self, clients: impl Iterator<Item = (Endpoint, u8)>) {
        let tags = clients.filter_map(|client| Some(self.bucket(client)?.0.tag(0).0));
        black_box(tags.fold(0, |all, tag| all ^ tag));
    }

    /// Fetches the cells that these client endpoints' connections probably lie in.
    #[inline]
    pub(crate) fn fetch_cells(&self, clients: impl Iterator<Item = (Endpoint, u8)>) {
        let words = clients.filter_map(|client| {
            let (bucket, place) = self.bucket(client)?;
            let cell = bucket.candidates(Tag::pattern(place.tag())).next()?;
            Some(bucket.cell(cell)?.state().load(Ordering::Relaxed))
        });
        black_box(words.fold(0, |all, word| all ^ word));
    }

    #[inline]
    fn bucket(&self, (client, protocol): (Endpoint, u8)) -> Option<(Bucket<'m>, Place)> {
        let place = self.place(client, protocol);
        Some((self.first(place)?, place))
    }
}
