//! What one worker counts. The worker alone writes; any thread may read while it does.

use alloc::boxed::Box;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::DropReason;
use crate::connection::RealId;

/// A counter with a single writer: an addition is a plain load and store, without a bus lock.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`. Only the counter's one writer may call this.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(n),
            Ordering::Relaxed,
        );
    }

    /// The count so far.
    #[inline]
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one real was sent and sent back. A cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct RealCounters {
    /// Connections scheduled to it.
    pub connections: Counter,
    /// Packets from clients.
    pub in_packets: Counter,
    /// Bytes from clients, IP headers included.
    pub in_bytes: Counter,
    /// Packets to clients that came through here (NAT).
    pub out_packets: Counter,
    /// Bytes to clients that came through here, IP headers included.
    pub out_bytes: Counter,
}

/// Replies of our own, by kind.
#[derive(Debug, Default)]
pub struct ReplyCounters {
    /// ARP replies.
    pub arp: Counter,
    /// Neighbour advertisements.
    pub neighbour: Counter,
    /// Echo replies.
    pub echo: Counter,
    /// Resets for packets of no connection.
    pub reset_stray: Counter,
    /// Resets for connections to ports without a service.
    pub reset_no_service: Counter,
    /// Unreachable errors for services without a usable real.
    pub no_usable_real: Counter,
    /// Unreachable errors for ports without a service.
    pub port_unreachable: Counter,
    /// Time exceeded errors.
    pub time_exceeded: Counter,
}

/// One worker's counters.
#[derive(Debug)]
pub struct Stats {
    reals: Box<[RealCounters]>,
    drops: [Counter; DropReason::ALL.len()],
    /// Replies of our own.
    pub replies: ReplyCounters,
}

impl Stats {
    /// Zeros for `reals` real ids: as many as the connection table's registry has.
    #[must_use]
    pub fn new(reals: usize) -> Self {
        Self {
            reals: (0..reals).map(|_| RealCounters::default()).collect(),
            drops: Default::default(),
            replies: ReplyCounters::default(),
        }
    }

    /// The counter of one reason.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "the reason's index is below the array's length"
    )]
    pub const fn drops(&self, reason: DropReason) -> &Counter {
        &self.drops[reason.index()]
    }

    /// The counters of one real.
    #[inline]
    #[must_use]
    pub fn real(&self, id: RealId) -> Option<&RealCounters> {
        self.reals.get(usize::from(id.slot))
    }
}
