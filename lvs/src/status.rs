//! What `show service` says.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::Serialize;

use crate::config::{Method, Protocol, RealConfig, SchedulerKind, ServiceConfig};
use crate::connection::{RealId, Table};
use crate::director::{Director, real_key};

/// A service and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceStatus {
    /// The operator's name for it.
    pub name: String,
    /// The transport protocol.
    pub protocol: Protocol,
    /// The virtual endpoint.
    pub address: SocketAddr,
    /// How packets reach a real.
    pub method: Method,
    /// How a real is chosen.
    pub scheduler: SchedulerKind,
    /// The sums over its reals.
    #[serde(flatten)]
    pub totals: Totals,
    /// Its reals, in the configuration's order.
    pub reals: Vec<RealStatus>,
}

/// A real and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RealStatus {
    /// Its endpoint.
    pub address: SocketAddr,
    /// Its configured weight.
    pub weight: u32,
    /// Whether no check speaks against it; one that is not up takes no new connection.
    pub up: bool,
    /// Its active connections, as IPVS counts them.
    pub active: u32,
    /// Its other connections.
    pub inactive: u32,
    /// What it was sent and sent back.
    #[serde(flatten)]
    pub totals: Totals,
}

/// What passed, since the process started or the real was added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub in_packets: u64,
    /// Bytes from clients, IP headers included.
    pub in_bytes: u64,
    /// Packets to clients that came through here.
    pub out_packets: u64,
    /// Bytes to clients that came through here, IP headers included.
    pub out_bytes: u64,
}

impl Totals {
    fn combine(self, other: Self, with: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            connections: with(self.connections, other.connections),
            in_packets: with(self.in_packets, other.in_packets),
            in_bytes: with(self.in_bytes, other.in_bytes),
            out_packets: with(self.out_packets, other.out_packets),
            out_bytes: with(self.out_bytes, other.out_bytes),
        }
    }
}

impl Director {
    /// All services, in the configuration's order.
    #[must_use]
    pub fn status(&self, table: &Table<'_>) -> Vec<ServiceStatus> {
        let service = |service: &ServiceConfig| {
            let reals: Vec<RealStatus> = service
                .reals
                .iter()
                .map(|real| self.real_status(service, real, table))
                .collect();
            let sum = |sum: Totals, real: &RealStatus| sum.combine(real.totals, u64::wrapping_add);
            ServiceStatus {
                name: service.name.clone(),
                protocol: service.protocol,
                address: service.endpoint(),
                method: service.method,
                scheduler: service.scheduler,
                totals: reals.iter().fold(Totals::default(), sum),
                reals,
            }
        };
        self.config.services.iter().map(service).collect()
    }

    fn real_status(
        &self,
        service: &ServiceConfig,
        real: &RealConfig,
        table: &Table<'_>,
    ) -> RealStatus {
        let known = self.reals.get(&real_key(service, real));
        let (active, inactive) = known.map_or((0, 0), |known| table.load(known.id.slot));
        let totals = known.map_or_else(Totals::default, |known| {
            self.totals(known.id)
                .combine(known.before, u64::wrapping_sub)
        });
        RealStatus {
            address: real.endpoint(),
            weight: real.weight,
            up: self.is_up(service, real),
            active,
            inactive,
            totals,
        }
    }

    /// What all workers counted in a real's slot.
    pub(crate) fn totals(&self, id: RealId) -> Totals {
        let of = |stats: &alloc::sync::Arc<crate::Stats>| {
            stats
                .real(id)
                .map_or_else(Totals::default, |counters| Totals {
                    connections: counters.connections.total(),
                    in_packets: counters.in_packets.total(),
                    in_bytes: counters.in_bytes.total(),
                    out_packets: counters.out_packets.total(),
                    out_bytes: counters.out_bytes.total(),
                })
        };
        let sum = |sum: Totals, next| sum.combine(next, u64::wrapping_add);
        self.stats.iter().map(of).fold(Totals::default(), sum)
    }
}
