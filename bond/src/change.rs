//! Another configuration for a bond that runs: who stays is left in peace.

use crate::bond::Engine;
use crate::identity;
use crate::member::{Hold, Member};
use crate::outbox::Outbox;
use crate::{Bond, Config, MAX_MEMBERS, Mode, Renumbering};
use wire::Instant;

impl Bond {
    /// Tells the partners of those members that `next` has no longer, or in a mode that is not
    /// LACP's. To be called, and its frames to be sent, before [`Bond::set_config`].
    pub fn take_leave(&mut self, next: &Config) {
        let to = Renumbering::between(&self.config, next);
        for member in 0..self.members.len() {
            if next.mode != Mode::Ieee8023ad || to.place(member).is_none() {
                self.leave(member);
            }
        }
    }

    /// An orderly stop: partners are told. The engine is of no use afterwards.
    pub fn farewell(&mut self) {
        for member in 0..self.members.len() {
            self.leave(member);
        }
    }

    /// An orderly leave of one member: its partner is told. The engine is of no use to this member
    /// afterwards.
    pub fn leave(&mut self, member: usize) {
        if let Engine::Ieee8023ad(lacp) = &mut self.engine {
            lacp.leave(member, &mut self.outbox);
        }
    }

    /// Takes over another configuration. Members that it has as well, known by their names, go on as
    /// they are, and those that are new begin. Frames and events are to be taken before: they name
    /// members by their places of before.
    ///
    /// In another mode everything begins anew, but that links which stay are not missed.
    pub fn set_config(&mut self, now: Instant, config: Config) {
        if config.mode != self.config.mode {
            return self.begin_anew(now, config);
        }
        let to = Renumbering::between(&self.config, &config);
        if !to.is_identity() {
            self.renumber(&to, &config, now);
        }
        self.mac = config.mac.unwrap_or(self.mac);
        let is_new = self.config.micro_bfd.is_none();
        self.config = config;
        if is_new || self.config.micro_bfd.is_none() {
            self.provision_paths();
        }
        self.configure(now);
        self.run(now);
    }

    fn begin_anew(&mut self, now: Instant, config: Config) {
        let mut next = Self::known_as(config, &self.identity(), now);
        next.table.generation = self.table.generation;
        next.forwarder(self.forwarder);
        let to = Renumbering::between(&self.config, &next.config);
        for (i, member) in self.members.iter().enumerate() {
            if let Some(place) = to.place(i) {
                next.link(place, member.interface, now);
            }
        }
        next.outbox = Outbox::default();
        *self = next;
        self.run(now);
    }

    /// Gives every holder of a member's place the new one.
    fn renumber(&mut self, to: &Renumbering, config: &Config, now: Instant) {
        let fresh = |i: usize| {
            let name = config.members.get(i).map_or("", |member| &*member.name);
            let mut member = Member::new(name);
            member.hold(Hold::Path, config.micro_bfd.is_some());
            member
        };
        let had: heapless::Vec<Member, MAX_MEMBERS> = core::mem::take(&mut self.members);
        self.members = to.carry(had, fresh).collect();
        identity::number_rest(&mut self.members);
        match &mut self.engine {
            Engine::Static => {}
            Engine::ActiveBackup { active } => *active = active.and_then(|i| to.place(i)),
            Engine::Ieee8023ad(lacp) => lacp.renumber(to, &self.members, config),
            Engine::Adaptive(adaptive) => adaptive.renumber(to),
        }
        if let Some(monitor) = &mut self.monitor {
            monitor.renumber(to, now);
        }
        let lost = self.table.renumber(to);
        self.moves.renumber(to, lost);
        self.outbox.renumber();
    }
}
