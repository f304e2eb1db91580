//! The Marker Generator: asks behind the last frame of a conversation, so that the answer says that
//! the partner has received it (IEEE 802.1AX, Marker protocol). Answering is in [`super::frame`].
//!
//! Whether a partner answers at all is found out by a question that nothing waits for; Open vSwitch
//! and teamd, for two, have no responder.

use wire::marker::{Kind, Marker};
use wire::{Duration, Instant, Mac, slow};

use super::Lacp;
use super::counters::bump;
use super::port::{Port, System};
use super::transmit::Recent;
use crate::egress::{Ask, Table};
use crate::outbox::Outbox;

/// How long a partner has to answer the question whether it answers at all: nothing waits for it.
const PROBE: Duration = Duration::from_millis(200);
/// For how long who has not answered is not asked again.
const SILENCE: Duration = Duration::from_secs(60);

/// What is known of a partner's Marker Responder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Responder {
    /// Nothing: it was not asked yet, or has not answered yet.
    #[default]
    Unknown,
    /// It answered.
    Answers,
    /// It did not answer.
    Silent {
        /// When it may be asked again.
        until: Instant,
    },
}

impl Responder {
    /// There is none where there is no LACP.
    pub(crate) const NONE: Self = Self::Silent {
        until: Instant::from_nanos(u64::MAX),
    };
}

/// A port's Marker Generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct Generator {
    /// What is known of the partner.
    pub responder: Responder,
    /// The question that is not answered yet.
    open: Option<u32>,
    /// When a question that nothing waits for is given up.
    until: Option<Instant>,
    asked: Recent,
}

impl Generator {
    fn ask(&mut self, transaction: u32, until: Option<Instant>, now: Instant) {
        (self.open, self.until) = (Some(transaction), until);
        self.asked.note(now);
    }

    fn close(&mut self, responder: Responder) {
        (self.open, self.until) = (None, None);
        self.responder = responder;
    }

    /// Who has answered before may have lost one question.
    fn give_up(&mut self, now: Instant) {
        if self.open.is_some() {
            let until = now + SILENCE;
            self.close(match self.responder {
                Responder::Answers => Responder::Unknown,
                Responder::Unknown | Responder::Silent { .. } => Responder::Silent { until },
            });
        }
    }
}

/// The question of a port.
const fn question(port: u16, system: Mac, transaction: u32) -> Marker {
    Marker {
        kind: Kind::Information,
        port,
        system,
        transaction,
    }
}

impl Ask {
    /// Whether it is to leave by this member.
    #[must_use]
    pub const fn is_of(&self, member: usize) -> bool {
        member < 16 && self.members >> member & 1 == 1
    }

    /// The frame by which this member asks; None: it does not.
    #[must_use]
    pub fn frame(&self, table: &Table, member: usize) -> Option<[u8; slow::FRAME_LEN]> {
        let entry = table.members.get(member).filter(|_| self.is_of(member))?;
        let question = question(entry.number, self.system, self.transaction);
        Some(question.emit_frame(entry.mac))
    }
}

impl Lacp {
    /// What is known of the Marker Responder at the other end of a member.
    #[must_use]
    pub fn responder(&self, member: usize) -> Responder {
        let port = self.ports.get(member);
        let port = port.filter(|port| port.mux.is_distributing());
        port.map_or(Responder::NONE, |port| port.generator.responder)
    }

    /// When a member may ask next: three times a second, as a responder that is like ours answers.
    #[must_use]
    pub fn may_ask_at(&self, member: usize) -> Instant {
        let port = self.ports.get(member);
        port.map_or(Instant::default(), |port| port.generator.asked.free_at())
    }

    /// Whether an answer is waited for.
    #[must_use]
    pub fn is_asking(&self, member: usize) -> bool {
        let port = self.ports.get(member);
        port.is_some_and(|port| port.generator.open.is_some())
    }

    /// Finds out whether the partner at the other end of a member answers, if that is not known: by a
    /// question that nothing waits for. When to look again.
    pub(crate) fn find_responder(
        &mut self,
        member: usize,
        transaction: &mut u32,
        now: Instant,
        out: &mut Outbox,
    ) -> Option<Instant> {
        let system = self.system.id;
        let mut port = self.ports.get_mut(member);
        // What carries traffic without a partner has nobody to ask.
        let port = port.as_mut().filter(|port| port.mux.is_distributing())?;
        let generator = &mut port.generator;
        if generator.until.is_some_and(|until| until <= now) {
            generator.give_up(now);
        }
        if generator.responder == Responder::Unknown && generator.open.is_none() {
            let free_at = generator.asked.free_at();
            if free_at > now {
                return Some(free_at);
            }
            *transaction = transaction.wrapping_add(1);
            generator.ask(*transaction, Some(now + PROBE), now);
            bump(&mut port.counters.marker_pdus_tx);
            let question = question(port.number, system, *transaction);
            out.send(member, &question.emit_frame(port.mac));
        }
        port.generator.until
    }

    /// What was known of a member's partner is no longer.
    pub(crate) fn forget_responder(&mut self, member: usize) {
        if let Some(port) = self.ports.get_mut(member) {
            port.generator.close(Responder::Unknown);
        }
    }

    /// The forwarder asks by a member.
    pub(crate) fn asks(&mut self, member: usize, transaction: u32, now: Instant) {
        if let Some(port) = self.ports.get_mut(member) {
            port.generator.ask(transaction, None, now);
            bump(&mut port.counters.marker_pdus_tx);
        }
    }

    /// Waits no longer for the answer to what the forwarder asked by a member.
    pub(crate) fn give_up(&mut self, member: usize, now: Instant) {
        if let Some(port) = self.ports.get_mut(member)
            && port.generator.until.is_none()
        {
            port.generator.give_up(now);
        }
    }
}

/// A Marker Response came by a port.
pub(super) fn answered(port: &mut Port, system: &System, marker: Marker) {
    let is_ours = marker.system == system.id && marker.port == port.number;
    let is_open = port.generator.open == Some(marker.transaction);
    if is_ours && is_open {
        port.generator.close(Responder::Answers);
    }
}

/// Forgets what is known of the partner of a port that distributes no longer.
pub(super) fn forget(port: &mut Port) {
    if !port.mux.is_distributing() {
        port.generator.close(Responder::Unknown);
    }
}
