//! Ordered moves of the resilient mapping: a bucket goes from a member that can still send to another
//! one only when none of its frames can be overtaken.
//!
//! A round moves all buckets that are not at their goal. Its first table has the workers hold
//! their frames. When every worker has taken that up and has drained what older tables chose, buckets
//! that were idle move, and so do those whose old member has no partner that answers markers; for the
//! others a marker is sent behind their last frames, and its answer moves them. What has not moved
//! 50 ms after its frames were first held moves then. A bucket of a lost member waits for nothing.

mod activity;
mod asking;
mod goal;
mod round;

use alloc::boxed::Box;
use core::sync::atomic::AtomicU64;

use serde::{Deserialize, Serialize};
use wire::{Duration, Instant};

use crate::bond::Engine;
use crate::egress::{Ask, Moving};
use crate::feedback;
use crate::lacp::marker::Responder;
use crate::renumbering::Renumbering;
use crate::resilient::Shares;
use crate::{Bond, Mapping, Mode};
use activity::Activity;
use goal::Goal;
use round::Round;

/// A frame is held no longer than this.
pub const PATIENCE: Duration = Duration::from_millis(50);
/// How long a forwarder that was there before us may take to come.
const ABSENCE: Duration = Duration::from_millis(500);
/// How often the workers are looked at while they drain.
const POLL: Duration = Duration::from_millis(1);

/// How many buckets have moved, by what let them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moved {
    /// Nothing was sent in the bucket, or there was nobody to send.
    pub idle: u64,
    /// Every worker had drained, and the partner answers no markers.
    pub drained: u64,
    /// The partner answered the marker behind the last frame.
    pub answered: u64,
    /// The time was over; frames may have overtaken others.
    pub late: u64,
    /// The old member was lost.
    pub lost: u64,
    /// Frames, not buckets: those that waited meanwhile, as the forwarder counts them.
    pub held: u64,
}

/// What is under way.
#[derive(Clone, Debug, Default)]
enum Stage {
    #[default]
    Rest,
    /// The workers' older frames leave.
    Draining(Box<Round>),
    /// Markers are on their way.
    Asking(Box<Round>, Ask),
}

/// The moves of one bond.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    /// A forwarder is there, which tells what it has sent.
    is_watched: bool,
    /// Until when one is waited for that has worked for our predecessor.
    awaited: Option<Instant>,
    /// Where every bucket should be.
    pub(crate) goal: Goal,
    stage: Stage,
    /// What the buckets were placed by last.
    placed: Option<(bool, Shares)>,
    activity: Box<Activity>,
    transaction: u32,
    due: Option<Instant>,
    pub(crate) moved: Moved,
}

impl Moves {
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due.into_iter().chain(self.awaited).min()
    }

    /// A forwarder that has not come in time is not there.
    pub(crate) fn expire(&mut self, now: Instant) {
        if self.awaited.is_some_and(|until| until <= now) {
            self.awaited = None;
            self.is_watched = false;
        }
    }

    fn wake_at(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// The members have other places, and so many buckets have lost their owner. What was under way
    /// begins anew: the forwarder does so, too.
    pub(crate) fn renumber(&mut self, to: &Renumbering, lost: usize) {
        to.rename(&mut self.goal.owners);
        self.stage = Stage::Rest;
        self.placed = None;
        add(&mut self.moved.lost, lost);
    }

    fn round(&mut self) -> Option<&mut Round> {
        match &mut self.stage {
            Stage::Rest => None,
            Stage::Draining(round) | Stage::Asking(round, _) => Some(round),
        }
    }

    fn moving(&self) -> Moving {
        match &self.stage {
            Stage::Rest => Moving::default(),
            Stage::Draining(round) => Moving {
                held: round.held(),
                ask: None,
            },
            Stage::Asking(round, ask) => Moving {
                held: round.held(),
                ask: Some(*ask),
            },
        }
    }
}

impl Bond {
    /// Looks after buckets that move, after each input and whenever [`Bond::poll_timeout`] says so:
    /// `memory` is what the forwarder tells of itself; None: there is none, so that nothing is sent
    /// that could be overtaken. The table may be another one afterwards.
    pub fn settle(&mut self, now: Instant, memory: Option<&[AtomicU64]>) {
        self.moves.due = None;
        self.moves.awaited = self.moves.awaited.filter(|_| memory.is_none());
        let is_watched = memory.is_some() || self.moves.awaited.is_some();
        if self.moves.is_watched != is_watched {
            self.moves.is_watched = is_watched;
            self.refresh();
        }
        let Some(words) = memory.filter(|_| self.is_ordered()) else {
            return;
        };
        self.moves.moved.held = feedback::held(words);
        self.moves.activity.look(words, now);
        self.find_responders(now);
        match self.moves.stage {
            Stage::Rest if !self.is_level() => self.begin(now),
            Stage::Rest => {}
            Stage::Draining(_) => self.drain(words, now),
            Stage::Asking(..) => self.hear_answers(now),
        }
    }

    /// Goes on in a predecessor's place: its forwarder may be about to come, and sends meanwhile.
    pub(crate) fn resume_moves(&mut self, now: Instant) {
        self.moves.is_watched = true;
        self.moves.awaited = Some(now + ABSENCE);
    }

    /// Whether moves are ordered: else each member's buckets are at once what they should be.
    fn is_ordered(&self) -> bool {
        let has_buckets = match self.config.mode {
            Mode::BalanceXor | Mode::Ieee8023ad | Mode::BalanceTlb | Mode::BalanceAlb => true,
            Mode::BalanceRr | Mode::ActiveBackup | Mode::Broadcast => false,
        };
        has_buckets && self.config.mapping() == Mapping::Resilient && self.moves.is_watched
    }

    /// Begins a round, if it may.
    fn begin(&mut self, now: Instant) {
        let round = Round::new(&self.table.buckets, &self.moves.goal.owners, now + PATIENCE);
        if !self.may_begin(&round, now) {
            return;
        }
        self.moves.stage = Stage::Draining(Box::new(round));
        self.moves.wake_at(now + POLL);
        self.publish_moves();
        let generation = self.table.generation;
        if let Some(round) = self.moves.round() {
            round.generation = generation;
        }
    }

    /// Moves what may move once every worker has drained; asks behind the rest.
    fn drain(&mut self, words: &[AtomicU64], now: Instant) {
        let Stage::Draining(round) = &self.moves.stage else {
            return;
        };
        let (generation, until) = (round.generation, round.until);
        if now >= until {
            return self.end_late(now);
        }
        if !feedback::is_drained(words, generation) {
            self.moves.wake_at(until.min(now + POLL));
            return;
        }
        self.moves.activity.sample(words, now);
        let mut behind = Members::new();
        for bucket in 0..=u8::MAX {
            let Some(from) = self.mover(bucket) else {
                continue;
            };
            if self.moves.activity.is_idle(bucket, now) {
                self.move_bucket(bucket, |moved| &mut moved.idle);
            } else if self.responder(from) != Responder::Answers {
                self.move_bucket(bucket, |moved| &mut moved.drained);
            } else if !behind.contains(&from) {
                // There are no more members than places.
                behind.push(from).ok();
            }
        }
        self.ask_behind(&behind, words, now);
        self.moves.wake_at(until);
        self.go_on();
    }

    /// The time is over: the rest moves as it is.
    fn end_late(&mut self, now: Instant) {
        for bucket in 0..=u8::MAX {
            self.move_bucket(bucket, |moved| &mut moved.late);
        }
        if let Engine::Ieee8023ad(lacp) = &mut self.engine {
            (0..self.members.len()).for_each(|member| lacp.give_up(member, now));
        }
        self.go_on();
    }

    /// Publishes what has moved; a round without further buckets is over.
    fn go_on(&mut self) {
        if self.moves.round().is_some_and(|round| round.is_empty()) {
            self.moves.stage = Stage::Rest;
        }
        self.publish_moves();
    }

    fn publish_moves(&mut self) {
        self.table.moving = self.moves.moving();
        self.table.generation = self.table.generation.wrapping_add(2).max(2);
    }

    /// The old member of a bucket that is on its way.
    fn mover(&mut self, bucket: u8) -> Option<usize> {
        self.moves.round()?.to(bucket)?;
        let owner = self.table.buckets.get(usize::from(bucket))?;
        Some(usize::from(*owner))
    }

    fn move_bucket(&mut self, bucket: u8, count: fn(&mut Moved) -> &mut u64) {
        let to = self.moves.round().and_then(|round| round.take(bucket));
        if let Some(to) = to
            && let Some(owner) = self.table.buckets.get_mut(usize::from(bucket))
        {
            *owner = to;
            add(count(&mut self.moves.moved), 1);
        }
    }
}

type Members = heapless::Vec<usize, { crate::MAX_MEMBERS }>;

fn add(counter: &mut u64, count: usize) {
    *counter = counter.wrapping_add(u64::try_from(count).unwrap_or(0));
}
