//! Rates of services and reals: what came in the second before.

use std::collections::HashMap;
use std::net::SocketAddr;

use control::show::{Counters, Rates};
use lvs::{ServiceStatus, Totals};
use wire::Instant;

/// A service, or one of its reals.
pub type Subject = (String, Option<SocketAddr>);

/// Totals at the last sample, and the rates that followed from it.
#[derive(Debug, Default)]
pub struct RateMeter {
    sampled: Option<Instant>,
    known: HashMap<Subject, (Totals, Rates)>,
}

impl RateMeter {
    /// Takes a sample of all services.
    pub fn sample(&mut self, now: Instant, services: &[ServiceStatus]) {
        let nanos = self
            .sampled
            .map_or(0, |before| now.since(before).as_nanos());
        let mut next = HashMap::new();
        for service in services {
            let reals = service
                .reals
                .iter()
                .map(|real| (Some(real.address), real.totals));
            for (real, totals) in std::iter::once((None, service.totals)).chain(reals) {
                let subject = (service.name.clone(), real);
                let before = self.known.get(&subject).map(|(totals, _)| *totals);
                let rates = before.map_or_else(Rates::default, |old| rates(&old, &totals, nanos));
                next.insert(subject, (totals, rates));
            }
        }
        self.known = next;
        self.sampled = Some(now);
    }

    /// The rates of a subject; zero before its second sample.
    #[must_use]
    pub fn rates(&self, subject: &Subject) -> Rates {
        self.known
            .get(subject)
            .map(|(_, rates)| *rates)
            .unwrap_or_default()
    }
}

/// Totals as reports spell them.
#[must_use]
pub fn counters(totals: &Totals) -> Counters {
    Counters {
        connections: totals.connections,
        in_packets: totals.in_packets,
        out_packets: totals.out_packets,
        in_bytes: totals.in_bytes,
        out_bytes: totals.out_bytes,
    }
}

fn rates(old: &Totals, new: &Totals, nanos: u64) -> Rates {
    let per_second = |old: u64, new: u64| {
        let difference = u128::from(new.saturating_sub(old));
        let rate = (difference * 1_000_000_000)
            .checked_div(u128::from(nanos))
            .unwrap_or(0);
        u64::try_from(rate).unwrap_or(u64::MAX)
    };
    Rates {
        cps: per_second(old.connections, new.connections),
        in_pps: per_second(old.in_packets, new.in_packets),
        out_pps: per_second(old.out_packets, new.out_packets),
        in_bps: per_second(old.in_bytes, new.in_bytes),
        out_bps: per_second(old.out_bytes, new.out_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(connections: u64) -> ServiceStatus {
        ServiceStatus {
            name: "web".into(),
            protocol: lvs::Protocol::Tcp,
            address: "10.0.0.100:80".parse().unwrap(),
            method: lvs::Method::Nat,
            scheduler: lvs::SchedulerKind::Rr,
            totals: Totals {
                connections,
                ..Totals::default()
            },
            reals: Vec::new(),
        }
    }

    #[test]
    fn a_rate_is_the_difference_over_the_time_between_two_samples() {
        let mut meter = RateMeter::default();
        let web = ("web".to_owned(), None);
        meter.sample(Instant::from_nanos(0), &[service(1_000)]);
        assert_eq!(meter.rates(&web).cps, 0);
        meter.sample(Instant::from_nanos(2_000_000_000), &[service(1_500)]);
        assert_eq!(meter.rates(&web).cps, 250);
        meter.sample(Instant::from_nanos(3_000_000_000), &[]);
        assert_eq!(meter.rates(&web).cps, 0);
    }
}
