//! What `fourfold show` asks the forwarder for.

use control::show::{ConnectionItem, DropItem, Fate, PortItem, RealItem, ServiceItem};
use lvs::ServiceStatus;
use netio::xdp::{Statistics, XdpMode};
use wire::Instant;

use crate::carrier::CarrierWatch;
use crate::members::Members;
use crate::rates::{RateMeter, counters};
use crate::reason::{DropReason, PuntReason};
use crate::shared::{Shared, WorkerShare};

/// Every reason to drop or punt, with its count over all workers.
#[must_use]
pub fn drops(shared: &Shared) -> Vec<DropItem> {
    let item = |layer: &str, fate, reason: &str, count| DropItem {
        reason: reason.to_owned(),
        layer: layer.to_owned(),
        fate,
        count,
    };
    let bond = bond::DropReason::ALL.into_iter().map(|reason| {
        let count = shared
            .workers
            .iter()
            .map(|w| w.counters.bond_drops(reason).total())
            .sum();
        item("bond", Fate::Drop, reason.name(), count)
    });
    let lvs = lvs::DropReason::ALL.into_iter().map(|reason| {
        let count = shared
            .workers
            .iter()
            .map(|w| w.lvs.drops(reason).total())
            .sum();
        item("lvs", Fate::Drop, reason.name(), count)
    });
    let own = DropReason::ALL
        .into_iter()
        .map(|reason| item("lvsd", Fate::Drop, reason.name(), own_drops(shared, reason)));
    let punts = PuntReason::ALL.into_iter().map(|reason| {
        let count = shared
            .workers
            .iter()
            .map(|w| w.counters.punts(reason).total())
            .sum();
        item("lvsd", Fate::Punt, reason.name(), count)
    });
    bond.chain(lvs).chain(own).chain(punts).collect()
}

fn own_drops(shared: &Shared, reason: DropReason) -> u64 {
    let by_workers: u64 = shared
        .workers
        .iter()
        .map(|w| w.counters.drops(reason).total())
        .sum();
    let by_hosts =
        |count: fn(&crate::shared::BondLink) -> u64| shared.bonds.iter().map(count).sum();
    let elsewhere: u64 = match reason {
        DropReason::HostQueueFull => by_hosts(|link| link.from_host_full.total()),
        DropReason::HostWriteFailed => by_hosts(|link| link.host_write_failed.total()),
        DropReason::Malformed
        | DropReason::NotAttached
        | DropReason::BucketQueueFull
        | DropReason::TxRingFull
        | DropReason::NotActive
        | DropReason::Redirect
        | DropReason::NoFrame
        | DropReason::NoRoute
        | DropReason::PacketTooBig
        | DropReason::Overlong
        | DropReason::NeighbourUnresolved
        | DropReason::NeighbourQueueFull => 0,
    };
    by_workers + elsewhere
}

/// Every queue of every port, and the members of `bonds` that are missing. `statistics` asks the kernel
/// about a worker's port.
#[must_use]
pub fn ports(
    shared: &Shared,
    bonds: &[bond::Config],
    members: &Members,
    mode: XdpMode,
    statistics: impl Fn(usize, usize) -> Statistics,
) -> Vec<PortItem> {
    let mut items = Vec::new();
    for (bond, (link, config)) in shared.bonds.iter().zip(bonds).enumerate() {
        for (member, (port, name)) in link.ports.iter().zip(&config.members).enumerate() {
            let item = PortItem {
                bond: link.name.clone(),
                name: name.name.clone(),
                missing: members.is_gone(&name.name),
                ..PortItem::default()
            };
            let Some(port) = *port else {
                items.push(item);
                continue;
            };
            let carrier = CarrierWatch::has_carrier(shared, bond, member);
            let queues = shared.workers.iter().zip(0..).enumerate();
            items.extend(queues.map(|(worker, (share, queue))| PortItem {
                queue,
                mode: mode.name().to_owned(),
                carrier,
                ..counted(item.clone(), share, port, &statistics(worker, port))
            }));
        }
    }
    items
}

/// The item with what a worker and the kernel counted for a port.
fn counted(item: PortItem, share: &WorkerShare, port: usize, kernel: &Statistics) -> PortItem {
    let own = &share.counters.ports[port];
    PortItem {
        rx_frames: own.received.frames.total(),
        rx_bytes: own.received.bytes.total(),
        tx_frames: own.transmitted.frames.total(),
        tx_bytes: own.transmitted.bytes.total(),
        rx_dropped: kernel.rx_dropped,
        rx_ring_full: kernel.rx_ring_full,
        rx_fill_ring_empty: kernel.rx_fill_ring_empty_descs,
        tx_ring_full: own.tx_ring_full.total(),
        ..item
    }
}

/// Every service, with rates from `meter`.
#[must_use]
pub fn services(services: Vec<ServiceStatus>, meter: &RateMeter) -> Vec<ServiceItem> {
    let item = |service: ServiceStatus| {
        let real = |real: &lvs::RealStatus| RealItem {
            address: real.address,
            weight: real.weight,
            up: real.up,
            active: real.active.into(),
            inactive: real.inactive.into(),
            counters: counters(&real.totals),
            rates: meter.rates(&(service.name.clone(), Some(real.address))),
        };
        ServiceItem {
            reals: service.reals.iter().map(real).collect(),
            protocol: service.protocol.name().to_owned(),
            address: service.address,
            method: service.method.name().to_owned(),
            scheduler: service.scheduler.name().to_owned(),
            flags: Vec::new(),
            counters: counters(&service.totals),
            rates: meter.rates(&(service.name.clone(), None)),
            name: service.name,
        }
    };
    services.into_iter().map(item).collect()
}

/// Every live connection, one after another.
pub fn connections(shared: &Shared, now: Instant) -> impl Iterator<Item = ConnectionItem> + '_ {
    shared
        .connections
        .connections(now)
        .map(|connection| ConnectionItem {
            protocol: connection.protocol.name().to_owned(),
            state: connection.state.to_owned(),
            expires: connection.expires.0.into(),
            client: connection.source,
            service: connection.service,
            real: connection.destination,
        })
}
