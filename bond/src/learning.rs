//! Learning frames: each MAC that the members of balance-tlb and balance-alb speak with is told to the
//! switches behind its member, again and again, and at once when one is behind another.

use wire::{Duration, Instant, Mac, ethertype};

use crate::egress::Table;
use crate::outbox::Outbox;
use crate::renumbering::Renumbering;
use crate::{MAX_MEMBERS, Mode};

/// The shortest Ethernet frame without FCS.
const FRAME_LEN: usize = 60;

/// By which member which MAC is taught.
type Lessons = heapless::Vec<(usize, Mac), MAX_MEMBERS>;

/// What switches were taught, and when they are taught again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learning {
    taught: Lessons,
    due: Option<Instant>,
}

impl Learning {
    /// Teaches what is due, and what is new at once.
    pub(crate) fn teach(
        &mut self,
        table: &Table,
        interval: Duration,
        now: Instant,
        outbox: &mut Outbox,
    ) {
        let lessons = lessons(table);
        let is_news = lessons != self.taught;
        if is_news || self.due.is_some_and(|due| due <= now) {
            for (member, mac) in &lessons {
                outbox.send(*member, &frame(*mac));
            }
            self.due = (!lessons.is_empty()).then_some(now + interval);
            self.taught = lessons;
        }
        // The interval may be a shorter one than before.
        self.due = self.due.map(|due| due.min(now + interval));
    }

    /// The members have other places: what they were taught stays.
    pub(crate) fn renumber(&mut self, to: &Renumbering) {
        let taught = self.taught.iter();
        let taught = taught.filter_map(|(member, mac)| Some((to.place(*member)?, *mac)));
        self.taught = taught.collect();
    }

    pub(crate) const fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }
}

/// Each usable member's MAC by that member. In balance-alb clients send to the MACs of members that are
/// not usable, too, until they are told others: these are behind the active member meanwhile.
fn lessons(table: &Table) -> Lessons {
    let is_usable = |i: usize| u8::try_from(i).is_ok_and(|member| table.usable.has(member));
    let lesson = |i: usize| {
        let by = if is_usable(i) {
            Some(i)
        } else {
            let active = table.active.map(usize::from);
            active.filter(|&active| table.mode == Mode::BalanceAlb && is_usable(active))
        };
        by.map(|member| (member, table.station(i)))
    };
    let lessons = (0..table.members.len()).filter_map(lesson);
    lessons.filter(|(_, mac)| *mac != Mac::ZERO).collect()
}

/// From a MAC to itself: no station takes it, and every switch learns of it.
fn frame(mac: Mac) -> [u8; FRAME_LEN] {
    let mut frame = [0; FRAME_LEN];
    let kind = ethertype::LOOPBACK.to_be_bytes();
    let bytes = mac.0.iter().chain(&mac.0).chain(&kind);
    for (place, byte) in frame.iter_mut().zip(bytes) {
        *place = *byte;
    }
    frame
}

#[cfg(test)]
#[path = "tests/learning.rs"]
mod tests;
