//! The Marker Generator: asks behind the last frame of a conversation, so that the answer says that
//! the partner has received it (IEEE 802.1AX, Marker protocol). Answering is in [`super::frame`].
//!
//! Whether a partner answers at all is found out by a question that nothing waits for; Open vSwitch
//! and teamd, for two, have no responder.

use wire::marker::{Kind, Marker};
use wire::{Instant, slow};

use super::Lacp;
use super::counters::bump;
use super::port::{Port, System};
use super::transmit::Recent;
use crate::egress::{Ask, Table};
use crate::outbox::Outbox;

/// What is known of a partner's Marker Responder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Responder {
    /// Nothing: it was not asked yet.
    #[default]
    Unknown,
    /// It answered.
    Answers,
    /// It did not answer.
    Silent,
}

/// A port's Marker Generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct Generator {
    /// What is known of the partner.
    pub responder: Responder,
    /// The question that is not answered yet.
    open: Option<u32>,
    asked: Recent,
}

impl Generator {
    fn ask(&mut self, transaction: u32, now: Instant) {
        self.open = Some(transaction);
        self.asked.note(now);
    }
}

/// The question of a port.
const fn question(port: u16, ask: &Ask) -> Marker {
    Marker {
        kind: Kind::Information,
        port,
        system: ask.system,
        transaction: ask.transaction,
    }
}

/// The number of a member's port: its place in the bond, from 1.
fn number(member: usize) -> Option<u16> {
    u16::try_from(member).ok()?.checked_add(1)
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
        Some(question(number(member)?, self).emit_frame(entry.mac))
    }
}

impl Lacp {
    /// What is known of the Marker Responder at the other end of a member.
    #[must_use]
    pub fn responder(&self, member: usize) -> Responder {
        let port = self.ports.get(member);
        port.map_or(Responder::Silent, |port| port.generator.responder)
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

    /// Asks by a member whose partner may not answer; nothing waits behind the question.
    pub(crate) fn probe(&mut self, member: usize, ask: &Ask, now: Instant, out: &mut Outbox) {
        self.asks(member, ask, now);
        if let Some(port) = self.ports.get(member) {
            out.send(member, &question(port.number, ask).emit_frame(port.mac));
        }
    }

    /// The forwarder asks by a member.
    pub(crate) fn asks(&mut self, member: usize, ask: &Ask, now: Instant) {
        if let Some(port) = self.ports.get_mut(member) {
            port.generator.ask(ask.transaction, now);
            bump(&mut port.counters.marker_pdus_tx);
        }
    }

    /// Waits no longer for a member's answer. Who has answered before may have lost one question; who
    /// has not is not asked again before the port has left the aggregation.
    pub(crate) fn give_up(&mut self, member: usize) {
        if let Some(port) = self.ports.get_mut(member)
            && port.generator.open.take().is_some()
        {
            let generator = &mut port.generator;
            generator.responder = match generator.responder {
                Responder::Answers => Responder::Unknown,
                Responder::Unknown | Responder::Silent => Responder::Silent,
            };
        }
    }
}

/// A Marker Response came by a port.
pub(super) fn answered(port: &mut Port, system: &System, marker: Marker) {
    let is_ours = marker.system == system.id && marker.port == port.number;
    let is_open = port.generator.open == Some(marker.transaction);
    if is_ours && is_open {
        port.generator.open = None;
        port.generator.responder = Responder::Answers;
    }
}

/// Forgets what is known of the partner of a port that distributes no longer.
pub(super) fn forget(port: &mut Port) {
    if !port.mux.is_distributing() {
        port.generator.responder = Responder::Unknown;
        port.generator.open = None;
    }
}
