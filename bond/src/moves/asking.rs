//! The part of a round that is the partners': whether they answer markers, and their answers.

use core::sync::atomic::AtomicU64;

use wire::Instant;

use super::{Members, Round, Stage};
use crate::bond::Engine;
use crate::egress::Ask;
use crate::lacp::Lacp;
use crate::lacp::marker::Responder;
use crate::{Bond, feedback};

impl Bond {
    /// Finds out what the partners of the members in use do with markers, before anything waits for
    /// one.
    pub(super) fn find_responders(&mut self, now: Instant) {
        let Engine::Ieee8023ad(lacp) = &mut self.engine else {
            return;
        };
        for member in self.table.usable.iter().map(|member| usize::from(*member)) {
            let transaction = &mut self.moves.transaction;
            if let Some(at) = lacp.find_responder(member, transaction, now, &mut self.outbox) {
                self.moves.wake_at(at);
            }
        }
    }

    /// Whether it is known of every old member what its partner does with markers, and those that
    /// answer may be asked now.
    pub(super) fn may_begin(&mut self, round: &Round, now: Instant) -> bool {
        let Engine::Ieee8023ad(lacp) = &mut self.engine else {
            return true;
        };
        let mut may = true;
        for member in round.old_members(&self.table.buckets) {
            match lacp.responder(member) {
                Responder::Answers if lacp.may_ask_at(member) > now => {
                    self.moves.wake_at(lacp.may_ask_at(member));
                    may = false;
                }
                Responder::Answers => {}
                // There may be another partner's software by now.
                Responder::Silent { until } if until <= now => {
                    lacp.forget_responder(member);
                    self.moves.wake_at(now);
                    may = false;
                }
                Responder::Silent { .. } => {}
                Responder::Unknown => may = false,
            }
        }
        may
    }

    /// Has the forwarder ask by these members.
    pub(super) fn ask_behind(&mut self, members: &Members, words: &[AtomicU64], now: Instant) {
        let Engine::Ieee8023ad(lacp) = &mut self.engine else {
            return;
        };
        if members.is_empty() {
            return;
        }
        let worker = feedback::prompt_worker(words);
        let ask = question(&mut self.moves.transaction, lacp, members, worker);
        for member in members {
            lacp.asks(*member, ask.transaction, now);
        }
        if let Stage::Draining(round) = core::mem::take(&mut self.moves.stage) {
            self.moves.stage = Stage::Asking(round, ask);
        }
    }

    /// Moves the buckets of the members whose partners have answered.
    pub(super) fn hear_answers(&mut self, now: Instant) {
        let Stage::Asking(round, _) = &self.moves.stage else {
            return;
        };
        let until = round.until;
        if now >= until {
            return self.end_late(now);
        }
        self.moves.wake_at(until);
        let mut news = false;
        for bucket in 0..=u8::MAX {
            let from = self.mover(bucket);
            if from.is_some_and(|from| !self.is_asking(from)) {
                self.move_bucket(bucket, |moved| &mut moved.answered);
                news = true;
            }
        }
        if news {
            self.go_on();
        }
    }

    pub(super) fn responder(&self, member: usize) -> Responder {
        match &self.engine {
            Engine::Ieee8023ad(lacp) => lacp.responder(member),
            Engine::Static | Engine::ActiveBackup { .. } => Responder::NONE,
        }
    }

    fn is_asking(&self, member: usize) -> bool {
        match &self.engine {
            Engine::Ieee8023ad(lacp) => lacp.is_asking(member),
            Engine::Static | Engine::ActiveBackup { .. } => false,
        }
    }
}

fn question(transaction: &mut u32, lacp: &Lacp, members: &[usize], worker: usize) -> Ask {
    *transaction = transaction.wrapping_add(1);
    let bits = members.iter().filter_map(|member| {
        let member = u32::try_from(*member).ok()?;
        1_u16.checked_shl(member)
    });
    Ask {
        worker: u8::try_from(worker).unwrap_or(0),
        members: bits.fold(0, |all, bit| all | bit),
        transaction: *transaction,
        system: lacp.system().id,
    }
}
