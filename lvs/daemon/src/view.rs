//! A worker's own copy of a bond's egress table, renewed when bondd published a new one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bond::egress::Table;
use bond::feedback;
use sys::memory::SharedMemory;

use crate::shared::BondLink;

/// One bond as one worker sees it.
#[derive(Debug, Default)]
pub struct BondView {
    source: Option<Arc<SharedMemory>>,
    table: Option<Table>,
}

impl BondView {
    /// Looks whether bondd published something new; cheap when it did not.
    pub fn refresh(&mut self, link: &BondLink) {
        let current = link.egress.load();
        let same = match (&self.source, current.as_ref()) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !same {
            self.source = current.clone();
            self.table = None;
        }
        let Some(source) = &self.source else { return };
        let published = bond::egress::generation(source.words());
        if self
            .table
            .as_ref()
            .is_none_or(|table| table.generation != published)
        {
            // A table that is being written this moment is read on the next turn.
            if let Some(table) = bond::egress::read(source.words()) {
                self.table = Some(table);
            }
        }
    }

    /// The table, once one has come.
    #[must_use]
    pub fn table(&self) -> Option<&Table> {
        self.table.as_ref()
    }

    /// The member that a frame with this hash leaves by.
    #[must_use]
    pub fn choose(&self, link: &BondLink, hash: u32) -> Option<usize> {
        self.table
            .as_ref()?
            .choose(hash, link.masked.load(Ordering::Relaxed))
    }

    /// Tells bondd that this worker is alive, which table it uses, and that nothing which an older
    /// table chose waits in its hands any longer.
    pub fn pulse(&self, link: &BondLink, worker: usize) {
        let words = link.feedback.words();
        let generation = self.table.as_ref().map_or(0, |table| table.generation);
        feedback::set_drained(words, worker, generation);
        feedback::beat(words, worker, generation);
    }
}
