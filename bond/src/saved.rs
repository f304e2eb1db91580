//! What outlives a restart of the daemon.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use wire::{Duration, Instant, Mac};

use crate::bond::Engine;
use crate::lacp::port::LONG_TIMEOUT;
use crate::member::Member;
use crate::{Bond, Forwarder, Mode, lacp};

/// A bond's state. The host keeps it, says how old it is, and gives it to the next engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The bond's name.
    pub name: String,
    /// Its mode.
    pub mode: Mode,
    /// Its MAC: a system identifier that changes drops the LAG at the partner.
    pub mac: Mac,
    /// Whether the forwarder was alive.
    pub forwarder: Forwarder,
    /// The members' links.
    pub members: Vec<Member>,
    /// The egress table's generation.
    pub generation: u64,
    /// The usable members.
    pub usable: Vec<u8>,
    /// The buckets' owners.
    pub buckets: Vec<u8>,
    /// balance-alb: the members of the clients' buckets.
    #[serde(default)]
    pub clients: Vec<u8>,
    /// The active member, in modes that have one.
    pub active: Option<usize>,
    /// 802.3ad: the ports.
    pub lacp: Option<lacp::saved::Saved>,
}

impl Saved {
    /// How old this may become: as long as the partner holds what we said last. Later it has seen
    /// us leave, and a new beginning is the truth.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lacp
            .as_ref()
            .map_or(LONG_TIMEOUT, lacp::saved::Saved::lifetime)
    }
}

impl Bond {
    /// The state to save, for [`Bond::restore`].
    #[must_use]
    pub fn save(&self) -> Saved {
        Saved {
            name: self.config.name.to_string(),
            mode: self.config.mode,
            mac: self.mac,
            forwarder: self.forwarder,
            members: self.members.iter().cloned().collect(),
            generation: self.table.generation,
            usable: self.table.usable.to_vec(),
            buckets: self.table.buckets.to_vec(),
            clients: self.table.clients.to_vec(),
            active: self.active(),
            lacp: match &self.engine {
                Engine::Static | Engine::ActiveBackup { .. } | Engine::Adaptive(_) => None,
                Engine::Ieee8023ad(lacp) => Some(lacp.save()),
            },
        }
    }

    /// Goes on where a predecessor was, without its partner noticing: to be called before any
    /// input. False, and nothing done, when what was saved is not this bond's.
    pub fn restore(&mut self, saved: &Saved, now: Instant) -> bool {
        let names = |members: &[Member]| -> Vec<String> {
            members.iter().map(|member| member.name.clone()).collect()
        };
        let is_ours = saved.name == self.config.name
            && saved.mode == self.config.mode
            && self.config.mac.is_none_or(|mac| mac == saved.mac)
            && names(&saved.members) == names(&self.members);
        if !is_ours {
            return false;
        }
        self.mac = saved.mac;
        self.forwarder = saved.forwarder;
        self.members = saved.members.iter().cloned().collect();
        if self.config.micro_bfd.is_none() {
            self.guard_paths(|_| true);
        }
        self.configure(now);
        self.resume_monitor();
        self.resume_moves(now);
        self.table.generation = saved.generation & !1;
        self.table.usable = saved
            .usable
            .iter()
            .copied()
            .take(self.members.len())
            .collect();
        for (owner, saved) in self.table.buckets.iter_mut().zip(&saved.buckets) {
            *owner = *saved;
        }
        self.moves.goal.owners = self.table.buckets;
        for (owner, saved) in self.table.clients.iter_mut().zip(&saved.clients) {
            *owner = *saved;
        }
        match (&mut self.engine, &saved.lacp) {
            (Engine::ActiveBackup { active }, _) => *active = saved.active,
            (Engine::Adaptive(adaptive), _) => adaptive.active = saved.active,
            (Engine::Ieee8023ad(lacp), Some(saved_lacp)) => {
                lacp.forwarder(saved.forwarder);
                lacp.restore(saved_lacp, now);
            }
            (Engine::Static, _) | (Engine::Ieee8023ad(_), None) => {}
        }
        self.run(now);
        true
    }
}
