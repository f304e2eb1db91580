//! `show interfaces`: the host's interfaces and what each is for.

use serde::{Deserialize, Serialize};

/// One interface of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceItem {
    /// Its name.
    pub name: String,
    /// What it is for: `management`, `member of bond0`, `bond`, `vlan 100 of bond0`, `unused`, or
    /// `missing` for a NIC that the configuration names and the box does not have.
    pub role: String,
    /// Whether it is up, administratively.
    pub up: bool,
    /// Whether it has carrier.
    pub carrier: bool,
    /// Its MAC address; a member's own, not the bond's.
    pub mac: Option<String>,
    /// Largest payload of a frame, in bytes.
    pub mtu: u32,
    /// Speed in Mb/s, where the driver tells.
    pub speed: Option<u32>,
    /// The driver, and the device's place on its bus.
    pub driver: Option<String>,
    /// Where it is plugged in: `0000:00:03.0`.
    pub bus: Option<String>,
    /// Its addresses, with prefix lengths.
    pub addresses: Vec<String>,
}
