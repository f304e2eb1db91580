//! What was counted when an operator cleared last: `show` tells what came since.
//!
//! The counters themselves go on, for metrics. This is forgotten with the process, as they are.

use std::collections::HashMap;

use control::show::{Counters, DropItem, PortItem, ServiceItem};

use crate::rates::Subject;

/// Counts of that moment; none of what had none.
#[derive(Debug, Default)]
pub struct Cleared {
    services: HashMap<Subject, Counters>,
    /// In the order of the items, which is always the same.
    drops: Vec<u64>,
    /// By name and queue.
    ports: HashMap<(String, u32), PortItem>,
}

impl Cleared {
    /// Everything as it is now.
    #[must_use]
    pub fn now(services: &[ServiceItem], drops: &[DropItem], ports: Vec<PortItem>) -> Self {
        let ports = ports.into_iter();
        Self {
            services: totals(services).collect(),
            drops: drops.iter().map(|item| item.count).collect(),
            ports: ports
                .map(|port| ((port.name.clone(), port.queue), port))
                .collect(),
        }
    }

    /// After another configuration: what is gone, or counts anew under its old name, was not cleared.
    pub fn renew(&mut self, services: &[ServiceItem]) {
        let now: HashMap<Subject, Counters> = totals(services).collect();
        self.services.retain(|subject, then| {
            let now = now.get(subject);
            now.is_some_and(|now| since(now, then).is_some())
        });
    }

    /// What the services counted since.
    pub fn services(&self, items: &mut [ServiceItem]) {
        for service in items {
            let name = &service.name;
            service.counters = self.since((name.clone(), None), service.counters);
            for real in &mut service.reals {
                let subject = (name.clone(), Some(real.address));
                real.counters = self.since(subject, real.counters);
            }
        }
    }

    fn since(&self, subject: Subject, now: Counters) -> Counters {
        let then = self.services.get(&subject);
        then.and_then(|then| since(&now, then)).unwrap_or(now)
    }

    /// What was dropped and punted since.
    pub fn drops(&self, items: &mut [DropItem]) {
        for (item, then) in items.iter_mut().zip(&self.drops) {
            item.count = item.count.saturating_sub(*then);
        }
    }

    /// What the ports counted since.
    pub fn ports(&self, items: &mut [PortItem]) {
        for item in items {
            let Some(then) = self.ports.get(&(item.name.clone(), item.queue)) else {
                continue;
            };
            for (now, then) in [
                (&mut item.rx_frames, then.rx_frames),
                (&mut item.rx_bytes, then.rx_bytes),
                (&mut item.tx_frames, then.tx_frames),
                (&mut item.tx_bytes, then.tx_bytes),
                (&mut item.rx_dropped, then.rx_dropped),
                (&mut item.rx_ring_full, then.rx_ring_full),
                (&mut item.rx_fill_ring_empty, then.rx_fill_ring_empty),
                (&mut item.tx_ring_full, then.tx_ring_full),
            ] {
                *now = now.saturating_sub(then);
            }
        }
    }
}

/// The counters of the services and of their reals.
fn totals(services: &[ServiceItem]) -> impl Iterator<Item = (Subject, Counters)> {
    services.iter().flat_map(|service| {
        let reals = service.reals.iter();
        let reals = reals.map(|real| ((service.name.clone(), Some(real.address)), real.counters));
        let own = ((service.name.clone(), None), service.counters);
        std::iter::once(own).chain(reals)
    })
}

/// The difference; none when one is less than it was: something else counts by now.
fn since(now: &Counters, then: &Counters) -> Option<Counters> {
    Some(Counters {
        connections: now.connections.checked_sub(then.connections)?,
        in_packets: now.in_packets.checked_sub(then.in_packets)?,
        out_packets: now.out_packets.checked_sub(then.out_packets)?,
        in_bytes: now.in_bytes.checked_sub(then.in_bytes)?,
        out_bytes: now.out_bytes.checked_sub(then.out_bytes)?,
    })
}

#[cfg(test)]
mod tests {
    use control::show::{Fate, RealItem};

    use super::*;

    /// A service with one real, both of which counted so much.
    fn service(name: &str, count: u64) -> ServiceItem {
        let counters = Counters {
            connections: count,
            in_packets: 2 * count,
            out_packets: 3 * count,
            in_bytes: 4 * count,
            out_bytes: 5 * count,
        };
        let real = RealItem {
            address: "10.0.0.11:80".parse().unwrap(),
            weight: 1,
            up: true,
            active: 7,
            inactive: 8,
            counters,
            rates: control::show::Rates::default(),
        };
        ServiceItem {
            name: name.into(),
            protocol: "tcp".into(),
            address: "10.0.0.100:80".parse().unwrap(),
            method: "nat".into(),
            scheduler: "rr".into(),
            flags: Vec::new(),
            counters,
            rates: control::show::Rates::default(),
            reals: vec![real],
        }
    }

    fn drop_of(count: u64) -> DropItem {
        DropItem {
            reason: "malformed".into(),
            layer: "lvsd".into(),
            fate: Fate::Drop,
            count,
        }
    }

    fn port(queue: u32, count: u64) -> PortItem {
        PortItem {
            name: "eth1".into(),
            queue,
            rx_frames: count,
            rx_bytes: count + 1,
            tx_frames: count + 2,
            tx_bytes: count + 3,
            rx_dropped: count + 4,
            rx_ring_full: count + 5,
            rx_fill_ring_empty: count + 6,
            tx_ring_full: count + 7,
            ..PortItem::default()
        }
    }

    fn shown(cleared: &Cleared, mut services: Vec<ServiceItem>) -> Vec<ServiceItem> {
        cleared.services(&mut services);
        services
    }

    #[test]
    fn what_came_since_is_shown_and_before_a_first_time_everything() {
        let mut cleared = Cleared::default();
        assert_eq!(
            shown(&cleared, vec![service("web", 9)]),
            [service("web", 9)]
        );
        cleared = Cleared::now(&[service("web", 9)], &[], Vec::new());
        assert_eq!(
            shown(&cleared, vec![service("web", 9), service("new", 3)]),
            [service("web", 0), service("new", 3)]
        );
        assert_eq!(
            shown(&cleared, vec![service("web", 11)]),
            [service("web", 2)]
        );
    }

    #[test]
    fn drops_and_every_counter_of_a_queue_begin_at_zero() {
        let cleared = Cleared::now(&[], &[drop_of(5)], vec![port(0, 10), port(1, 20)]);
        let mut drops = [drop_of(5)];
        cleared.drops(&mut drops);
        assert_eq!(drops[0].count, 0);
        drops[0].count = 8;
        cleared.drops(&mut drops);
        assert_eq!(drops[0].count, 3);
        let mut ports = [port(0, 10), port(1, 25), port(2, 1)];
        cleared.ports(&mut ports);
        let zero = |queue| PortItem {
            name: "eth1".into(),
            queue,
            ..PortItem::default()
        };
        assert_eq!(ports[0], zero(0));
        assert_eq!((ports[1].rx_frames, ports[1].tx_ring_full), (5, 5));
        assert_eq!(ports[2], port(2, 1), "it came later");
    }

    #[test]
    fn what_counts_anew_under_an_old_name_is_shown_whole_also_when_it_has_counted_more() {
        let mut cleared = Cleared::now(&[service("web", 9), service("dns", 9)], &[], Vec::new());
        assert_eq!(
            shown(&cleared, vec![service("web", 1)]),
            [service("web", 1)]
        );
        cleared.renew(&[service("web", 1), service("dns", 10)]);
        assert_eq!(
            shown(&cleared, vec![service("web", 20), service("dns", 20)]),
            [service("web", 20), service("dns", 11)]
        );
    }
}
