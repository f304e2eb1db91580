//! What outlives a restart of the daemon.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use wire::{Duration, Instant, Mac};

use crate::bond::Engine;
use crate::lacp::port::LONG_TIMEOUT;
use crate::member::Member;
use crate::{Bond, Config, Forwarder, MAX_MEMBERS, MemberConfig, Mode, lacp};

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
    /// input. It may have had other members: those that stay are as it left them. False, and nothing
    /// done, when what was saved is not this bond's.
    pub fn restore(&mut self, saved: &Saved, now: Instant) -> bool {
        let is_ours = saved.name == self.config.name
            && saved.mode == self.config.mode
            && self.config.mac.is_none_or(|mac| mac == saved.mac);
        if !is_ours {
            return false;
        }
        let members = saved.members.iter().take(MAX_MEMBERS);
        let config = Config {
            members: members.map(|m| MemberConfig::new(&m.name)).collect(),
            ..self.config.clone()
        };
        let mut predecessor = Self::known_as(config, &self.identity(), now);
        predecessor.resume(saved, now);
        predecessor.set_config(now, self.config.clone());
        *self = predecessor;
        true
    }

    /// Takes over the state of a bond of the same members; nothing is done yet.
    fn resume(&mut self, saved: &Saved, now: Instant) {
        self.mac = saved.mac;
        self.forwarder = saved.forwarder;
        for (member, saved) in self.members.iter_mut().zip(&saved.members) {
            let number = member.number;
            member.clone_from(saved);
            member.number = number;
        }
        self.configure(now);
        self.resume_monitor();
        self.resume_moves(now);
        self.resume_table(saved);
        match (&mut self.engine, &saved.lacp) {
            (Engine::ActiveBackup { active }, _) => *active = saved.active,
            (Engine::Adaptive(adaptive), _) => adaptive.active = saved.active,
            (Engine::Ieee8023ad(lacp), Some(saved_lacp)) => {
                lacp.forwarder(saved.forwarder);
                lacp.restore(saved_lacp, now);
            }
            (Engine::Static, _) | (Engine::Ieee8023ad(_), None) => {}
        }
    }

    fn resume_table(&mut self, saved: &Saved) {
        let usable = saved.usable.iter().copied();
        self.table.generation = saved.generation & !1;
        self.table.usable = usable.take(self.members.len()).collect();
        self.has_carrier = !self.table.usable.is_empty();
        let buckets = self.table.buckets.iter_mut().zip(&saved.buckets);
        let clients = self.table.clients.iter_mut().zip(&saved.clients);
        for (owner, saved) in buckets.chain(clients) {
            *owner = *saved;
        }
        self.moves.goal.owners = self.table.buckets;
    }
}
