//! `show service`: services with their reals.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Totals since the service or real was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub in_packets: u64,
    /// Packets to clients; none are seen with one-way methods.
    pub out_packets: u64,
    /// Bytes from clients.
    pub in_bytes: u64,
    /// Bytes to clients.
    pub out_bytes: u64,
}

/// What is happening now, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Connections a second.
    pub cps: u64,
    /// Packets a second from clients.
    pub in_pps: u64,
    /// Packets a second to clients.
    pub out_pps: u64,
    /// Bytes a second from clients.
    pub in_bps: u64,
    /// Bytes a second to clients.
    pub out_bps: u64,
}

/// One real server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealItem {
    /// Its address and port.
    pub address: SocketAddr,
    /// Its configured share; 0 takes no new connections.
    pub weight: u32,
    /// Whether no check speaks against it; one that is not up takes no new connections either.
    #[serde(default = "up")]
    pub up: bool,
    /// Connections in an established state.
    pub active: u64,
    /// Connections in any other state.
    pub inactive: u64,
    /// Totals.
    #[serde(flatten)]
    pub counters: Counters,
    /// Rates.
    #[serde(default)]
    pub rates: Rates,
}

const fn up() -> bool {
    true
}

/// One service: `show service`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceItem {
    /// The operator's name for it.
    pub name: String,
    /// `tcp`.
    pub protocol: String,
    /// The virtual address and port.
    pub address: SocketAddr,
    /// `nat` or `dr`.
    pub method: String,
    /// The scheduler's name.
    pub scheduler: String,
    /// The scheduler's flags and others, each one word.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Totals.
    #[serde(flatten)]
    pub counters: Counters,
    /// Rates.
    #[serde(default)]
    pub rates: Rates,
    /// Its real servers.
    pub reals: Vec<RealItem>,
}
