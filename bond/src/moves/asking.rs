//! The part of a round that is the partners': whether they answer markers, and their answers.

use core::sync::atomic::AtomicU64;

use wire::Instant;

use super::{Members, PATIENCE, Round, Stage};
use crate::bond::Engine;
use crate::egress::Ask;
use crate::lacp::Lacp;
use crate::lacp::marker::Responder;
use crate::{Bond, feedback};

impl Bond {
    /// Whether it is known of every old member what its partner does with markers, and each may be
    /// asked now; else that is found out, or waited for, first.
    pub(super) fn may_begin(&mut self, round: &Round, now: Instant) -> bool {
        if let Engine::Ieee8023ad(lacp) = &mut self.engine {
            let members = round.old_members(&self.table.buckets);
            let asks = |member: &usize| lacp.responder(*member) != Responder::Silent;
            let may = members.iter().filter(|member| asks(member));
            let may = may.map(|member| lacp.may_ask_at(*member)).max();
            if let Some(at) = may.filter(|at| *at > now) {
                self.moves.due = Some(at);
                return false;
            }
            let unknown = |member: &usize| lacp.responder(*member) == Responder::Unknown;
            let unknown: Members = members.iter().copied().filter(unknown).collect();
            if !unknown.is_empty() {
                let ask = question(&mut self.moves.transaction, lacp, &unknown, 0);
                for member in unknown {
                    lacp.probe(member, &ask, now, &mut self.outbox);
                }
                let until = now + PATIENCE;
                self.moves.stage = Stage::Probing { until };
                self.moves.due = Some(until);
                return false;
            }
        }
        true
    }

    /// Whether every partner that was asked has answered, or had its time.
    pub(super) fn probed(&mut self, until: Instant, now: Instant) {
        if let Engine::Ieee8023ad(lacp) = &mut self.engine {
            let members = 0..self.members.len();
            if now < until && members.clone().any(|member| lacp.is_asking(member)) {
                self.moves.due = Some(until);
                return;
            }
            members.for_each(|member| lacp.give_up(member));
        }
        self.moves.stage = Stage::Rest;
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
            lacp.asks(*member, &ask, now);
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
            return self.end_late();
        }
        self.moves.due = Some(until);
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
            Engine::Static | Engine::ActiveBackup { .. } => Responder::Silent,
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
