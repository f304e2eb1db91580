//! The engine's answers to `show vrrp` and `show vrrp why`.

use alloc::vec::Vec;

use wire::Instant;

use crate::router::VirtualRouter;
use crate::status::{Counters, Status, WhyItem};
use crate::timers::{active_down_interval, skew_time};

impl VirtualRouter {
    /// What `show vrrp` prints.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        let config = &self.config;
        let priority = self.effective_priority();
        Status {
            name: config.name.clone(),
            interface: config.interface.clone(),
            virtual_router_id: config.virtual_router_id,
            family: config.family(),
            virtual_mac: config.virtual_mac(),
            virtual_ipaddress: config.virtual_ipaddress.clone(),
            state: self.state(),
            priority: config.priority.get(),
            effective_priority: priority,
            preempt: config.preempt,
            advert_int: config.advert_int,
            since_ns: now.since(self.history.since()).as_nanos(),
            active: self.active_router(),
            active_adver_interval: self.interval,
            skew_time_ns: skew_time(priority, self.interval).as_nanos(),
            active_down_interval_ns: active_down_interval(priority, self.interval).as_nanos(),
            forwarder: self.forwarder,
            dead_services: self.dead_services.iter().cloned().collect(),
            counters: Counters {
                lost: self.outbox.lost(),
                ..self.counters
            },
        }
    }

    /// What `show vrrp why` prints: the last changes of state, the latest first.
    #[must_use]
    pub fn why(&self, now: Instant) -> Vec<WhyItem> {
        let changes = self.history.latest_first();
        changes
            .map(|change| WhyItem {
                name: self.config.name.clone(),
                ago_ns: now.since(change.at).as_nanos(),
                from: change.from,
                to: change.to,
                reason: change.reason,
                active_before: change.active_before,
                missed_adverts: change.missed_adverts,
                late_ns: change.late.as_nanos(),
                outage_ns: change.outage.map(wire::Duration::as_nanos),
            })
            .collect()
    }
}
