//! Services and their reals.

use control::show::{Counters, RealItem, ServiceItem};

use crate::metrics::family::{Kind, Labels, Page};

/// What is counted of a service and of a real: the end of its name, its help, and the numbers by
/// direction.
type Total = (&'static str, &'static str, &'static str, Number);

/// The numbers from clients, and to them; one number where there is no direction.
type Number = fn(&Counters) -> (u64, Option<u64>);

const TOTALS: [Total; 3] = [
    (
        "fourfold_service_connections_total",
        "fourfold_real_connections_total",
        "Connections scheduled.",
        |counters| (counters.connections, None),
    ),
    (
        "fourfold_service_packets_total",
        "fourfold_real_packets_total",
        "Packets from clients (in) and to them (out).",
        |counters| (counters.in_packets, Some(counters.out_packets)),
    ),
    (
        "fourfold_service_bytes_total",
        "fourfold_real_bytes_total",
        "Bytes from clients (in) and to them (out).",
        |counters| (counters.in_bytes, Some(counters.out_bytes)),
    ),
];

pub fn services(page: &mut Page, services: &[ServiceItem]) {
    for (name, _, help, number) in TOTALS {
        let mut family = page.family(Kind::Counter, name, help);
        for service in services {
            let labels = [("service", &*service.name)];
            for (labels, value) in directed(&labels, number(&service.counters)) {
                family.add(&labels, value);
            }
        }
    }
}

pub fn reals(page: &mut Page, services: &[ServiceItem]) {
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_real_up",
        "Whether the real takes new connections as far as its check says; 1 without a verdict.",
    );
    for (service, real, address) in each(services) {
        let labels = [("service", &*service.name), ("real", &address)];
        family.add(&labels, u64::from(real.up));
    }
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_real_weight",
        "The real's share; 0 takes no new connections.",
    );
    for (service, real, address) in each(services) {
        let labels = [("service", &*service.name), ("real", &address)];
        family.add(&labels, u64::from(real.weight));
    }
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_real_connections",
        "Connections now: established (active) and others (inactive).",
    );
    for (service, real, address) in each(services) {
        for (state, value) in [("active", real.active), ("inactive", real.inactive)] {
            let labels = [
                ("service", &*service.name),
                ("real", &*address),
                ("state", state),
            ];
            family.add(&labels, value);
        }
    }
    for (_, name, help, number) in TOTALS {
        let mut family = page.family(Kind::Counter, name, help);
        for (service, real, address) in each(services) {
            let labels = [("service", &*service.name), ("real", &*address)];
            for (labels, value) in directed(&labels, number(&real.counters)) {
                family.add(&labels, value);
            }
        }
    }
}

fn each(services: &[ServiceItem]) -> impl Iterator<Item = (&ServiceItem, &RealItem, String)> {
    services.iter().flat_map(|service| {
        let reals = service.reals.iter();
        reals.map(move |real| (service, real, real.address.to_string()))
    })
}

/// A number for each direction, or the one that has none.
fn directed<'l>(
    labels: Labels<'l>,
    (inward, outward): (u64, Option<u64>),
) -> Vec<(Vec<(&'static str, &'l str)>, u64)> {
    let with = |direction| {
        let mut labels = labels.to_vec();
        labels.push(("direction", direction));
        labels
    };
    match outward {
        None => vec![(labels.to_vec(), inward)],
        Some(outward) => vec![(with("in"), inward), (with("out"), outward)],
    }
}
