//! What `fourfold show` prints: one item type per noun, shared by the daemons and the console.
//!
//! The items of `bond` and `lacp` are the bonding engine's own status types; the rest is here.
//! An item is one JSON record of an answer ([`crate::ipc`]).

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// A thing that `fourfold show` can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// The bonds and their members.
    Bond,
    /// Live connections.
    Connections,
    /// The daemons, as the supervisor sees them.
    Daemons,
    /// Every reason to drop or to punt a frame, with its count.
    Drops,
    /// The LACP state of each member.
    Lacp,
    /// The NIC queues that the forwarder serves.
    Ports,
    /// Services with their reals.
    Service,
}

impl Noun {
    /// Every noun, in the order of the alphabet.
    pub const ALL: [Self; 7] = [
        Self::Bond,
        Self::Connections,
        Self::Daemons,
        Self::Drops,
        Self::Lacp,
        Self::Ports,
        Self::Service,
    ];

    /// The word on the command line and in the records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bond => "bond",
            Self::Connections => "connections",
            Self::Daemons => "daemons",
            Self::Drops => "drops",
            Self::Lacp => "lacp",
            Self::Ports => "ports",
            Self::Service => "service",
        }
    }

    /// The process that answers.
    #[must_use]
    pub const fn daemon(self) -> &'static str {
        match self {
            Self::Bond | Self::Lacp => "bondd",
            Self::Connections | Self::Drops | Self::Ports | Self::Service => "lvsd",
            Self::Daemons => "supervisor",
        }
    }
}

/// One NIC queue served by the forwarder: `show ports`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortItem {
    /// The bond it belongs to.
    pub bond: String,
    /// The member's interface name.
    pub name: String,
    /// The queue, from 0; its worker has the same number.
    pub queue: u32,
    /// How AF_XDP runs: `zerocopy`, `native` or `generic`.
    pub mode: String,
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
    /// Frames that the kernel dropped before the rx ring (XDP_STATISTICS rx_dropped).
    pub rx_dropped: u64,
    /// Frames dropped because the rx ring was full.
    pub rx_ring_full: u64,
    /// Times that the fill ring was empty.
    pub rx_fill_ring_empty: u64,
    /// Frames dropped because the tx ring was full.
    pub tx_ring_full: u64,
}

/// Whether a reason ended a frame or handed it to the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The frame was dropped.
    #[default]
    Drop,
    /// The frame went to the kernel through the bond's host interface.
    Punt,
}

/// One reason with its count: `show drops`. Reasons that never happened are listed with 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropItem {
    /// The reason, in snake_case.
    pub reason: String,
    /// Who decided: `bond`, `lvs` or `lvsd`.
    pub layer: String,
    /// Dropped or punted.
    #[serde(default)]
    pub fate: Fate,
    /// Frames since lvsd made its counters.
    pub count: u64,
}

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
    /// Its share; 0 takes no new connections.
    pub weight: u32,
    /// Connections in an established state.
    pub active: u64,
    /// Connections in any other state.
    pub inactive: u64,
    /// Totals.
    pub counters: Counters,
    /// Rates.
    pub rates: Rates,
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
    pub counters: Counters,
    /// Rates.
    pub rates: Rates,
    /// Its real servers.
    pub reals: Vec<RealItem>,
}

/// One live connection: `show connections`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionItem {
    /// `tcp`.
    pub protocol: String,
    /// The state, as Linux names it (`ESTABLISHED`, `FIN_WAIT` …).
    pub state: String,
    /// Seconds until it is forgotten when nothing more comes.
    pub expires: u64,
    /// The client.
    pub client: SocketAddr,
    /// The virtual address that the client called.
    #[serde(rename = "virtual")]
    pub service: SocketAddr,
    /// The real server that answers.
    pub real: SocketAddr,
}

/// One daemon: `show daemons`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonItem {
    /// The daemon's name.
    pub name: String,
    /// `starting`, `ready`, `waiting` (to be started again) or `stopped`.
    pub state: String,
    /// The process, when there is one.
    #[serde(default)]
    pub pid: Option<u32>,
    /// How often it was started again.
    #[serde(default)]
    pub restarts: u64,
    /// Milliseconds since it became ready.
    #[serde(default)]
    pub ready_ms: Option<u64>,
    /// Descriptor sets that the supervisor keeps for it.
    #[serde(default)]
    pub stored: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_is_the_same_word_on_the_command_line_and_in_a_record() {
        for noun in Noun::ALL {
            assert_eq!(serde_json::to_value(noun).expect("a word"), noun.name());
        }
    }

    #[test]
    fn a_connection_says_virtual_in_json() {
        let item = ConnectionItem {
            protocol: "tcp".into(),
            state: "ESTABLISHED".into(),
            expires: 899,
            client: "192.0.2.1:4000".parse().expect("legal"),
            service: "10.1.0.100:80".parse().expect("legal"),
            real: "10.2.0.11:80".parse().expect("legal"),
        };
        let json = serde_json::to_value(&item).expect("json");
        assert_eq!(json["virtual"], "10.1.0.100:80");
        assert_eq!(
            serde_json::from_value::<ConnectionItem>(json).expect("back"),
            item
        );
    }
}
