//! What one worker has of its own, and what it is given for each packet.

use alloc::sync::Arc;
use core::net::IpAddr;

use wire::{Instant, Mac};

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
    /// The MAC address by which virtual addresses are reached.
    pub mac: Mac,
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
