//! What an operator may set, and what of it is legal.

mod fault;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use wire::{Mac, protocol};

pub use fault::Fault;

/// The largest weight of a real, as in IPVS.
pub const WEIGHT_MAX: u32 = 65_535;

/// All that the engine is told by its operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The services; each {protocol, address, port} once.
    pub services: Vec<ServiceConfig>,
    /// How long a connection may be silent.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// The virtual routers on whose state virtual addresses depend. A virtual address that is in none
    /// is always this box's.
    #[serde(skip)]
    pub routers: Vec<Router>,
}

/// A virtual router (VRRP), as far as the balancer is concerned: its addresses are answered for, by
/// its virtual MAC, while its lease holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Its virtual MAC.
    pub mac: Mac,
    /// The place of its lease in [`crate::Context::leases`].
    pub lease: usize,
    /// Its addresses; each in one router.
    pub addresses: Vec<IpAddr>,
    /// Whether the host has these addresses itself (the address owner): ARP and neighbour discovery
    /// are answered here all the same, everything else is the kernel's.
    pub is_owner: bool,
}

/// A service: a virtual endpoint and the reals that serve it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceConfig {
    /// The operator's name for it.
    pub name: String,
    /// The transport protocol.
    pub protocol: Protocol,
    /// The virtual address (VIP).
    pub address: IpAddr,
    /// The virtual port.
    pub port: u16,
    /// How packets reach a real.
    pub method: Method,
    /// How a real is chosen for a new connection.
    pub scheduler: SchedulerKind,
    /// The reals; each address and port once. The one added last comes last.
    pub reals: Vec<RealConfig>,
}

/// A real server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealConfig {
    /// Its address, of the service's family.
    pub address: IpAddr,
    /// Its port; with method `dr` the service's.
    pub port: u16,
    /// Its share, 0 to [`WEIGHT_MAX`]; 0 takes no new connection and keeps those that it has.
    pub weight: u32,
}

/// A transport protocol that can be balanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
}

/// How packets reach a real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Direct routing: the frame is readdressed and the packet left alone; the real answers the
    /// client itself.
    Dr,
    /// Network address translation of both directions; the real's way back leads here.
    Nat,
}

/// How a real is chosen for a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SchedulerKind {
    /// Weighted Maglev hashing over 65,537 slots: every box makes the same choice.
    Maglev,
    /// Round robin.
    Rr,
}

/// A span of whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u32);

/// How long a connection in each state may be silent before it is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the states")]
pub struct Timeouts {
    pub established: Seconds,
    pub syn_sent: Seconds,
    pub syn_recv: Seconds,
    pub fin_wait: Seconds,
    pub time_wait: Seconds,
    pub close: Seconds,
    pub close_wait: Seconds,
    pub last_ack: Seconds,
    pub listen: Seconds,
    pub synack: Seconds,
}

impl Default for Timeouts {
    /// Those of Linux's IPVS.
    fn default() -> Self {
        Self {
            established: Seconds(900),
            syn_sent: Seconds(120),
            syn_recv: Seconds(60),
            fin_wait: Seconds(120),
            time_wait: Seconds(120),
            close: Seconds(10),
            close_wait: Seconds(60),
            last_ack: Seconds(30),
            listen: Seconds(120),
            synack: Seconds(120),
        }
    }
}

impl ServiceConfig {
    /// The virtual endpoint.
    #[must_use]
    pub const fn endpoint(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

impl RealConfig {
    /// The real's endpoint.
    #[must_use]
    pub const fn endpoint(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

impl Protocol {
    /// The IP protocol number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => protocol::TCP,
        }
    }

    /// The name in configuration and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
        }
    }

    /// The protocol with this IP protocol number, if it can be balanced.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            protocol::TCP => Some(Self::Tcp),
            _ => None,
        }
    }
}

impl Method {
    /// The name in configuration and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dr => "dr",
            Self::Nat => "nat",
        }
    }
}

impl SchedulerKind {
    /// The name in configuration and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Maglev => "maglev",
            Self::Rr => "rr",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for SchedulerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
