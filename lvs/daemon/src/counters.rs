//! What a worker counts: one thread writes, any thread reads.

pub use lvs::stats::Counter;

use crate::reason::{DropReason, PuntReason};

/// Frames and bytes in one direction of one port.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Frames.
    pub frames: Counter,
    /// Bytes, without the frame check sequence.
    pub bytes: Counter,
}

impl Traffic {
    /// Counts one frame of `bytes` bytes.
    #[inline]
    pub fn count(&self, bytes: usize) {
        self.frames.add(1);
        self.bytes.add(bytes as u64);
    }
}

/// Both directions of one port, as one worker saw them.
#[derive(Debug, Default)]
pub struct PortCounters {
    /// What came in.
    pub received: Traffic,
    /// What was put on the transmit ring.
    pub transmitted: Traffic,
    /// Frames that found the transmit ring full.
    pub tx_ring_full: Counter,
}

/// What one worker counts.
#[derive(Debug)]
pub struct WorkerCounters {
    /// By port, in the configuration's order.
    pub ports: Vec<PortCounters>,
    drops: [Counter; DropReason::ALL.len()],
    bond_drops: [Counter; bond::DropReason::ALL.len()],
    punts: [Counter; PuntReason::ALL.len()],
}

impl WorkerCounters {
    /// Zeros for `ports` ports.
    #[must_use]
    pub fn new(ports: usize) -> Self {
        Self {
            ports: (0..ports).map(|_| PortCounters::default()).collect(),
            drops: Default::default(),
            bond_drops: Default::default(),
            punts: Default::default(),
        }
    }

    /// The counter of a drop of the forwarder's own.
    #[must_use]
    pub fn drops(&self, reason: DropReason) -> &Counter {
        &self.drops[reason.index()]
    }

    /// The counter of a drop of bond receive.
    #[must_use]
    pub fn bond_drops(&self, reason: bond::DropReason) -> &Counter {
        &self.bond_drops[reason.index()]
    }

    /// The counter of a punt.
    #[must_use]
    pub fn punts(&self, reason: PuntReason) -> &Counter {
        &self.punts[reason.index()]
    }
}
