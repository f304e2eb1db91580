//! What one worker has of its own, and what it is given for each packet.

use alloc::sync::Arc;
use core::net::IpAddr;
use core::sync::atomic::{AtomicU64, Ordering};

use wire::{Duration, Instant, Mac};

use crate::connection::Table;
use crate::limiter::Limiter;
use crate::{DropReason, Snapshot, Stats};

/// What is true while a batch of packets is processed.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c, 'm> {
    /// The services.
    pub snapshot: &'c Snapshot,
    /// The connections.
    pub table: &'c Table<'m>,
    /// The time.
    pub now: Instant,
    /// The MAC address by which virtual addresses are reached that are in no virtual router.
    pub mac: Mac,
    /// The leases of the virtual routers, two words each: the nanosecond until which the lease
    /// holds, and since when it has been held; 0 there: another box is Active by now, and only what
    /// still comes here is served.
    pub leases: &'c [AtomicU64],
    /// The places of the leases whose virtual routers are on the link that packets come by: the
    /// first, and the one after the last. Only there are those reached by their virtual MACs.
    pub link: (usize, usize),
}

impl Context<'_, '_> {
    /// Whether the virtual router with this lease is Active here.
    #[inline]
    #[must_use]
    pub fn is_active(&self, lease: usize) -> bool {
        self.leases
            .get(lease)
            .is_some_and(|until| until.load(Ordering::Acquire) > self.now.as_nanos())
    }

    /// Whether another box is Active by now, although the lease holds.
    #[inline]
    pub(crate) fn is_fading(&self, lease: usize) -> bool {
        let since = self.leases.get(lease + 1);
        since.is_some_and(|since| since.load(Ordering::Acquire) == 0)
    }

    /// Whether the virtual router with this lease is on the link that packets come by.
    #[inline]
    pub(crate) const fn is_here(&self, lease: usize) -> bool {
        let (first, end) = self.link;
        first <= lease && lease < end
    }

    /// Whether it has been so for no longer than `span`.
    pub(crate) fn is_active_since(&self, lease: usize, span: Duration) -> bool {
        let since = self.leases.get(lease + 1);
        let since = since.map_or(0, |since| since.load(Ordering::Acquire));
        self.is_active(lease) && self.now.since(Instant::from_nanos(since)) <= span
    }
}

/// One worker's counters and limits.
#[derive(Debug)]
pub struct Worker {
    pub(crate) stats: Arc<Stats>,
    pub(crate) limiter: Limiter,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The packet was rewritten in place, its TTL lowered; the host gives it MAC addresses and
    /// sends it towards `next_hop`.
    Forward {
        /// The address to reach: a real, or a client.
        next_hop: IpAddr,
    },
    /// A whole frame was written to `reply[..len]`, to go back where the packet came from.
    Reply {
        /// The frame's length.
        len: usize,
    },
    /// No business of a service's: for the kernel.
    NotMine,
    /// Dropped, and counted.
    Drop(DropReason),
}

impl Worker {
    /// A worker that counts here; nobody else may write to these counters.
    #[must_use]
    pub fn new(stats: Arc<Stats>) -> Self {
        Self {
            stats,
            limiter: Limiter::default(),
        }
    }

    /// Its counters.
    #[must_use]
    pub const fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }
}
