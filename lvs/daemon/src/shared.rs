//! What the slow path and the workers share: snapshots that are swapped, counters that are read.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use arc_swap::{ArcSwap, ArcSwapOption};
use bond::egress::Table;
use bond::{MAX_MEMBERS, feedback};
use lvs::connection::Table as ConnectionTable;
use sys::memory::SharedMemory;
use tokio::sync::watch;

use crate::capture::Captures;
use crate::clients::Clients;
use crate::counters::{Counter, WorkerCounters};
use crate::nexthop::NextHops;
use crate::requests::Requests;
use crate::ring::FrameRing;

/// Frames that may wait in each direction between a worker and a host interface.
pub const HOST_QUEUE: usize = 512;

/// One bond, as the forwarder knows it.
#[derive(Debug)]
pub struct BondLink {
    /// Its name, which its host interface has too.
    pub name: String,
    /// The longest packet that it carries, in bytes.
    pub mtu: usize,
    /// By member: its port's place among all ports; none for a member whose NIC the box does not have.
    pub ports: Vec<Option<usize>>,
    /// bondd's table, once it has come.
    pub egress: ArcSwapOption<SharedMemory>,
    /// What the forwarder tells bondd.
    pub feedback: SharedMemory,
    /// A bit for each member whose carrier the forwarder itself saw gone.
    pub masked: AtomicU32,
    /// balance-alb: the clients that know one of the members' MACs.
    pub clients: Clients,
    /// Punted frames on their way to the host interface.
    pub to_host: FrameRing,
    /// Frames from the host interface that found the worker's ring full; written by its thread alone.
    pub from_host_full: Counter,
    /// Frames that the host interface refused; written by its thread alone.
    pub host_write_failed: Counter,
}

impl BondLink {
    /// A bond whose table has not come yet.
    ///
    /// # Errors
    /// When the kernel grants no descriptor.
    pub fn new(
        name: &str,
        mtu: usize,
        ports: Vec<Option<usize>>,
        feedback: Option<SharedMemory>,
    ) -> io::Result<Self> {
        let feedback = match feedback {
            Some(kept) => kept,
            None => SharedMemory::create(&format!("feedback.{name}"), feedback::WORDS * 8)?,
        };
        Ok(Self {
            name: name.to_owned(),
            mtu,
            ports,
            egress: ArcSwapOption::empty(),
            feedback,
            masked: AtomicU32::new(0),
            clients: Clients::default(),
            to_host: FrameRing::new(HOST_QUEUE)?,
            from_host_full: Counter::default(),
            host_write_failed: Counter::default(),
        })
    }

    /// A copy of bondd's table as it is now.
    #[must_use]
    pub fn table(&self) -> Option<Table> {
        bond::egress::read(self.egress.load().as_ref()?.words())
    }
}

/// What one worker shows of itself.
#[derive(Debug)]
pub struct WorkerShare {
    /// Its counters.
    pub counters: WorkerCounters,
    /// What its lvs engine counts.
    pub lvs: Arc<lvs::Stats>,
    /// Frames from host interfaces, each tagged with its bond.
    pub from_host: FrameRing,
}

/// A port's place: which bond, and which of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortPlace {
    /// The bond, by its place in the configuration.
    pub bond: usize,
    /// The member, by its place in the bond's list.
    pub member: usize,
}

/// Everything that more than one thread of the forwarder sees.
#[derive(Debug)]
pub struct Shared {
    /// The bonds in the configuration's order.
    pub bonds: Vec<BondLink>,
    /// By port: whose member it is.
    pub places: Vec<PortPlace>,
    /// The workers, one per queue.
    pub workers: Vec<WorkerShare>,
    /// Services and reals.
    pub services: ArcSwap<lvs::Snapshot>,
    /// Routes and neighbours.
    pub hops: ArcSwap<NextHops>,
    /// Neighbours that workers want resolved.
    pub requests: Requests,
    /// The leases of the virtual routers ([`vrrp::lease`]), which vrrpd writes.
    pub leases: SharedMemory,
    /// Counts how often a bond got another egress table: who has the old one comes for the new one.
    pub attached: watch::Sender<u64>,
    /// Who captures.
    pub captures: Captures,
    /// The connection table.
    pub connections: ConnectionTable<'static>,
}

impl Shared {
    /// The places of all ports, bond after bond: of the members whose NICs the box has.
    #[must_use]
    pub fn places(bonds: &[BondLink]) -> Vec<PortPlace> {
        let members = |(bond, link): (usize, &BondLink)| -> Vec<PortPlace> {
            let members = link.ports.iter().take(MAX_MEMBERS).enumerate();
            let present = members.filter(|(_, port)| port.is_some());
            present
                .map(|(member, _)| PortPlace { bond, member })
                .collect()
        };
        bonds.iter().enumerate().flat_map(members).collect()
    }
}
