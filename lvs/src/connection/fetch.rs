//! Reading ahead: loads whose values nobody waits for, so that those of a batch overlap.

use core::hint::black_box;
use core::sync::atomic::Ordering;

use super::cell::Tag;
use super::hash::Place;
use super::table::Table;

impl Table<'_> {
    /// Fetches the tags at these places, then the cells that they lead to.
    pub(crate) fn fetch(&self, places: &[Place]) {
        let tags = places
            .iter()
            .filter_map(|place| Some(self.first(*place)?.tag(0).0));
        black_box(tags.fold(0, |all, tag| all ^ tag));
        let words = places.iter().filter_map(|place| {
            let bucket = self.first(*place)?;
            let cell = bucket.candidates(Tag::pattern(place.tag())).next()?;
            Some(bucket.cell(cell)?.state().load(Ordering::Relaxed))
        });
        black_box(words.fold(0, |all, word| all ^ word));
    }
}
