//! A worker's own copy of a bond's egress table, renewed when bondd published a new one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bond::balance_rr::Turn;
use bond::egress::Table;
use bond::feedback;
use bond::transmit::Ways;
use sys::memory::SharedMemory;

use crate::shared::BondLink;

/// One bond as one worker sees it.
#[derive(Debug)]
pub struct BondView {
    turn: Turn,
    source: Option<Arc<SharedMemory>>,
    table: Option<Table>,
}

impl BondView {
    /// A bond whose table has not come yet, as seen by worker `worker`.
    #[must_use]
    pub fn new(worker: usize) -> Self {
        Self {
            turn: Turn::new(u32::try_from(worker).unwrap_or(0)),
            source: None,
            table: None,
        }
    }

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

    /// The members that a frame leaves by.
    #[must_use]
    pub fn ways(&mut self, link: &BondLink, frame: &[u8]) -> Option<Ways> {
        let masked = link.masked.load(Ordering::Relaxed);
        self.table.as_ref()?.ways(&mut self.turn, frame, masked)
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
