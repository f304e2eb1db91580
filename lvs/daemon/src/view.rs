//! A worker's own copy of a bond's egress table, renewed when bondd published a new one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bond::balance_rr::Turn;
use bond::egress::{Ask, Moving, Table};
use bond::feedback;
use bond::transmit::Ways;
use netio::frame::Progress;
use sys::memory::SharedMemory;
use wire::{Duration, Instant};

use crate::drain::Drain;
use crate::shared::BondLink;

/// A table that holds frames is followed by another one within 50 ms, unless bondd is dead.
const HOLD: Duration = Duration::from_millis(200);

/// One bond as one worker sees it.
#[derive(Debug)]
pub struct BondView {
    turn: Turn,
    source: Option<Arc<SharedMemory>>,
    /// bondd's, without the masked members.
    table: Option<Table>,
    masked: u32,
    taken: Instant,
    drain: Drain,
    /// The last question, and a bit for each member by which it was asked.
    asked: (u32, u16),
}

impl BondView {
    /// A bond whose table has not come yet, as seen by worker `worker`.
    #[must_use]
    pub fn new(worker: usize) -> Self {
        Self {
            turn: Turn::new(u32::try_from(worker).unwrap_or(0)),
            source: None,
            table: None,
            masked: 0,
            taken: Instant::default(),
            drain: Drain::default(),
            asked: (0, 0),
        }
    }

    /// Looks whether bondd published something new, or a member is masked that was not, or the other
    /// way round; cheap when nothing is so. Whether frames may leave otherwise than before.
    pub fn refresh(&mut self, link: &BondLink, now: Instant) -> bool {
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
        let Some(source) = &self.source else {
            return !same;
        };
        let published = bond::egress::generation(source.words());
        let masked = link.masked.load(Ordering::Relaxed);
        let table = self.table.as_mut();
        match table.filter(|table| table.generation == published && self.masked == masked) {
            Some(table) => {
                let is_stuck = !table.moving.held.is_empty() && now.since(self.taken) > HOLD;
                if is_stuck {
                    table.moving = Moving::default();
                }
                is_stuck
            }
            None => {
                // A table that is being written this moment is read on the next turn.
                let Some(mut table) = bond::egress::read(source.words()) else {
                    return !same;
                };
                table.mask(masked);
                (self.table, self.masked, self.taken) = (Some(table), masked, now);
                true
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
    pub fn ways(&mut self, frame: &[u8]) -> Option<Ways> {
        self.table.as_ref()?.ways(&mut self.turn, frame, 0)
    }

    /// A question that this worker is to send, and one of the members by which it has not sent it.
    #[must_use]
    pub fn unasked(&self, worker: usize) -> Option<(Ask, usize)> {
        let ask = self.table.as_ref()?.moving.ask?;
        let (transaction, members) = self.asked;
        let asked = if transaction == ask.transaction {
            members
        } else {
            0
        };
        let left = ask.members & !asked;
        let is_ours = usize::from(ask.worker) == worker && left != 0;
        is_ours.then(|| (ask, left.trailing_zeros() as usize))
    }

    /// The question was sent by this member, or cannot be.
    pub fn note_asked(&mut self, ask: &Ask, member: usize) {
        if self.asked.0 != ask.transaction {
            self.asked = (ask.transaction, 0);
        }
        let bit = u32::try_from(member)
            .ok()
            .and_then(|at| 1_u16.checked_shl(at));
        self.asked.1 |= bit.unwrap_or(0);
    }

    /// Tells bondd that this worker is alive, which table it uses, and up to which one all that was
    /// chosen has left.
    pub fn pulse(&mut self, link: &BondLink, worker: usize, progress: impl Fn(usize) -> Progress) {
        let words = link.feedback.words();
        let generation = self.table.as_ref().map_or(0, |table| table.generation);
        let drained = match &self.table {
            Some(table) => self.drain.look(table, link, progress),
            None => 0,
        };
        feedback::set_drained(words, worker, drained);
        feedback::beat(words, worker, generation);
    }

    /// Tells bondd that this worker sleeps, if nothing is left to send; true: bondd waits for what is
    /// left, or for a table to be taken up.
    #[must_use]
    pub fn rest(
        &self,
        link: &BondLink,
        worker: usize,
        progress: impl Fn(usize) -> Progress,
    ) -> bool {
        let Some(table) = &self.table else {
            return false;
        };
        if Drain::is_dry(table, link, progress) {
            feedback::set_drained(link.feedback.words(), worker, feedback::ASLEEP);
        }
        self.drain.is_pending() || !table.moving.held.is_empty()
    }

    /// Tells bondd that this worker is awake again.
    pub fn rise(&self, link: &BondLink, worker: usize) {
        feedback::rise(link.feedback.words(), worker, self.drain.done());
    }
}
