//! From members and mode to the egress table.

use crate::bond::Engine;
use crate::config::weight::weights;
use crate::egress::{MemberEntry, Table};
use crate::member::{Hold, Member};
use crate::usable::Usable;
use crate::{Bond, Event, MAX_MEMBERS, Mode};

impl Bond {
    /// Builds the egress table; a change is a new generation and events.
    pub(crate) fn refresh(&mut self) {
        let open: heapless::Vec<usize, MAX_MEMBERS> = (0..self.members.len())
            .filter(|&i| self.is_open(i))
            .collect();
        let usable = self.usable_of(&open);
        let weights = weights(&self.config, &self.members, |i| open.contains(&i));
        let mut table = Table {
            generation: self.table.generation,
            mode: self.config.mode,
            mapping: self.config.mapping(),
            policy: self.config.xmit_hash_policy,
            packets_per_member: self.config.packets_per_member,
            broadcast_neighbor: self.config.broadcast_neighbor,
            bond_mac: self.mac,
            targets: self
                .monitor
                .as_ref()
                .map(|m| m.watched())
                .unwrap_or_default(),
            members: (0..self.members.len())
                .zip(weights)
                .filter_map(|(i, weight)| self.entry(i, weight))
                .collect(),
            active: self.active().and_then(|active| u8::try_from(active).ok()),
            clients: self.deal_clients(&usable),
            usable,
            buckets: self.table.buckets,
            moving: self.table.moving,
        };
        self.place_buckets(&mut table);
        if table != self.table {
            self.announce(&table);
            table.generation = table.generation.wrapping_add(2).max(2);
            self.table = table;
        }
    }

    /// Those that frames may be sent by, if they are enough.
    fn usable_of(&self, open: &[usize]) -> Usable {
        let needed = match self.config.mode {
            Mode::BalanceRr
            | Mode::ActiveBackup
            | Mode::BalanceXor
            | Mode::Broadcast
            | Mode::BalanceTlb
            | Mode::BalanceAlb => 0,
            Mode::Ieee8023ad => usize::from(self.config.min_links),
        };
        let enough = open.iter().filter(|_| open.len() >= needed);
        enough.filter_map(|&i| u8::try_from(i).ok()).collect()
    }

    fn entry(&self, i: usize, weight: u32) -> Option<MemberEntry> {
        let Member {
            interface, number, ..
        } = self.members.get(i)?;
        let all = self.config.all_members_active;
        let takes_all = all || self.config.mode != Mode::BalanceAlb || self.active() == Some(i);
        Some(MemberEntry {
            ifindex: interface.ifindex,
            number: *number,
            mac: interface.mac,
            rx_enabled: self.is_collecting(i) || all,
            unicast_only: !takes_all,
            tx_enabled: self.is_open(i),
            carrier: interface.carrier,
            weight,
        })
    }

    /// Whether the mode takes frames that come by a member.
    pub(crate) fn is_collecting(&self, i: usize) -> bool {
        match &self.engine {
            Engine::Ieee8023ad(lacp) => {
                self.members.get(i).is_some_and(Member::is_up) && lacp.is_collecting(i)
            }
            Engine::Adaptive(adaptive) if self.config.mode == Mode::BalanceTlb => {
                self.is_admitted(i) && adaptive.active == Some(i)
            }
            Engine::Static | Engine::ActiveBackup { .. } | Engine::Adaptive(_) => {
                self.is_admitted(i)
            }
        }
    }

    /// Whether frames may be sent by a member.
    pub(crate) fn is_open(&self, i: usize) -> bool {
        let is_path_open = |member: &Member| !member.is_held_by(Hold::Path);
        self.is_admitted(i) && self.members.get(i).is_some_and(is_path_open)
    }

    /// Whether link and mode let frames pass on a member.
    pub(crate) fn is_admitted(&self, i: usize) -> bool {
        self.members.get(i).is_some_and(Member::is_up)
            && match &self.engine {
                Engine::Static | Engine::Adaptive(_) => true,
                Engine::ActiveBackup { active } => *active == Some(i),
                Engine::Ieee8023ad(lacp) => lacp.is_distributing(i),
            }
    }

    fn announce(&mut self, table: &Table) {
        for member in 0..self.members.len() {
            let is_in = |table: &Table| table.usable.iter().any(|&m| usize::from(m) == member);
            if is_in(table) != is_in(&self.table) {
                self.outbox.event(Event::Usable {
                    member,
                    usable: is_in(table),
                });
            }
        }
        let carrier = !table.usable.is_empty();
        if core::mem::replace(&mut self.has_carrier, carrier) != carrier {
            self.outbox.event(Event::BondCarrier { carrier });
        }
    }
}
