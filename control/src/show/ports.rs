//! `show ports`: the NIC queues that the forwarder serves.

use serde::{Deserialize, Serialize};

/// One NIC queue served by the forwarder, or a member that is missing: `show ports`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortItem {
    /// The bond it belongs to.
    pub bond: String,
    /// The member's interface name.
    pub name: String,
    /// The queue, from 0; its worker has the same number.
    pub queue: u32,
    /// How AF_XDP runs: `zerocopy`, `native` or `generic`; empty for a member that is missing.
    pub mode: String,
    /// Whether the box does not have the NIC.
    #[serde(default)]
    pub missing: bool,
    /// Whether the member has carrier.
    pub carrier: bool,
    /// Frames received.
    pub rx_frames: u64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Frames transmitted.
    pub tx_frames: u64,
    /// Bytes transmitted.
    pub tx_bytes: u64,
    /// Frames that the kernel dropped before the rx ring, such as those longer than a chunk.
    #[serde(default)]
    pub rx_dropped: u64,
    /// Frames dropped because the rx ring was full.
    #[serde(default)]
    pub rx_ring_full: u64,
    /// How often the kernel found the fill ring empty.
    #[serde(default)]
    pub rx_fill_ring_empty: u64,
    /// Frames dropped because the tx ring was full.
    #[serde(default)]
    pub tx_ring_full: u64,
}
