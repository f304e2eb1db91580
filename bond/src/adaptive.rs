//! What balance-tlb and balance-alb have in common: an active member, learning frames, and buckets that
//! move with their load.

use wire::{Duration, Instant};

use crate::bond::Engine;
use crate::learning::Learning;
use crate::rebalance::{rebalance, weights};
use crate::renumbering::Renumbering;
use crate::resilient::BUCKETS;
use crate::shares::share_out;
use crate::{Bond, Config, Interface, MAX_MEMBERS, Mode};

/// From one look at the loads to the next, as in Linux.
pub const REBALANCE_INTERVAL: Duration = Duration::from_secs(10);

/// The state of a bond in one of these modes.
#[derive(Clone, Debug)]
pub(crate) struct Adaptive {
    pub(crate) active: Option<usize>,
    learning: Learning,
    /// When loads are looked at next, and what had been sent by bucket when they were last.
    due: Instant,
    sent: Option<[u64; BUCKETS]>,
}

impl Adaptive {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            active: None,
            learning: Learning::default(),
            due: now,
            sent: None,
        }
    }

    /// The members have other places.
    pub(crate) fn renumber(&mut self, to: &Renumbering) {
        self.active = self.active.and_then(|active| to.place(active));
        self.learning.renumber(to);
    }

    pub(crate) fn poll_timeout(&self, config: &Config) -> Option<Instant> {
        let loads = config.adaptive.tlb_dynamic_lb.then_some(self.due);
        self.learning.poll_timeout().into_iter().chain(loads).min()
    }

    /// What each bucket had since the last look; None: this is the first.
    fn measure(&mut self, sent: &[u64; BUCKETS], now: Instant) -> Option<[u64; BUCKETS]> {
        self.due = now + REBALANCE_INTERVAL;
        let before = self.sent.replace(*sent)?;
        let mut bytes = [0; BUCKETS];
        for ((bytes, now), before) in bytes.iter_mut().zip(sent).zip(before) {
            // Another forwarder counts from nothing.
            *bytes = now.checked_sub(before).unwrap_or(*now);
        }
        Some(bytes)
    }
}

impl Bond {
    /// Whether the loads are to be told now, by [`Input::Loads`](crate::Input::Loads).
    #[must_use]
    pub fn is_weighing(&self, now: Instant) -> bool {
        match &self.engine {
            Engine::Adaptive(adaptive) => {
                self.config.adaptive.tlb_dynamic_lb && adaptive.due <= now
            }
            Engine::Static | Engine::ActiveBackup { .. } | Engine::Ieee8023ad(_) => false,
        }
    }

    /// Bytes were sent so far, by bucket.
    pub(crate) fn weigh(&mut self, sent: &[u64; BUCKETS], now: Instant) {
        if !self.is_weighing(now) {
            return;
        }
        let Engine::Adaptive(adaptive) = &mut self.engine else {
            return;
        };
        let Some(bytes) = adaptive.measure(sent, now) else {
            return;
        };
        let interface = |member: &u8| self.members.get(usize::from(*member)).map(|m| m.interface);
        let interfaces: heapless::Vec<Interface, MAX_MEMBERS> =
            self.table.usable.iter().filter_map(interface).collect();
        let members = self.table.usable.iter().copied();
        let members: heapless::Vec<(u8, u32), MAX_MEMBERS> =
            members.zip(weights(&interfaces)).collect();
        let mut owners = self.moves.goal.owners;
        if rebalance(&mut owners, &bytes, &members) > 0 {
            self.aim(owners);
        }
    }

    /// Nobody told the loads: what is measured begins anew.
    pub(crate) fn skip_weighing(&mut self, now: Instant) {
        if !self.is_weighing(now) {
            return;
        }
        if let Engine::Adaptive(adaptive) = &mut self.engine {
            adaptive.due = now + REBALANCE_INTERVAL;
            adaptive.sent = None;
        }
    }

    /// Sends the learning frames that are due.
    pub(crate) fn teach(&mut self, now: Instant) {
        if let Engine::Adaptive(adaptive) = &mut self.engine {
            let interval = self.config.adaptive.learning_interval();
            let (learning, outbox) = (&mut adaptive.learning, &mut self.outbox);
            learning.teach(&self.table, interval, now, outbox);
        }
    }

    /// balance-alb: deals the clients' buckets out to the usable members that are fastest, and moves no
    /// more of them than it has to.
    pub(crate) fn deal_clients(&self, usable: &[u8]) -> [u8; BUCKETS] {
        let mut clients = self.table.clients;
        if self.config.mode != Mode::BalanceAlb {
            return clients;
        }
        let speed = |member: &u8| self.members.get(usize::from(*member))?.interface.speed;
        let are_known = usable.iter().all(|member| speed(member).is_some());
        let best = usable.iter().filter_map(speed).max();
        let is_best = |member: &u8| !are_known || speed(member) == best;
        let now: heapless::Vec<u8, MAX_MEMBERS> = usable.iter().copied().filter(is_best).collect();
        let had = now
            .iter()
            .copied()
            .filter(|member| clients.contains(member));
        let before: heapless::Vec<u8, MAX_MEMBERS> = had.collect();
        share_out(&mut clients, &before, &now);
        clients
    }
}
