//! What `show vrrp` prints of a virtual router.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use wire::Mac;

use crate::config::{Centiseconds, Family, Vrid};

/// The state of a virtual router (RFC 5798 6.4, in the words of RFC 9568).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not taking part.
    Initialize,
    /// Watching the Active router.
    Backup,
    /// Answering for the addresses.
    Active,
}

/// One virtual router: `show vrrp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The operator's name for it.
    pub name: String,
    /// The bond.
    pub interface: String,
    /// Its VRID.
    pub virtual_router_id: Vrid,
    /// Its family.
    pub family: Family,
    /// Its virtual MAC.
    pub virtual_mac: Mac,
    /// Its addresses.
    pub virtual_ipaddress: Vec<IpAddr>,
    /// Its state.
    pub state: State,
    /// The configured priority.
    pub priority: u8,
    /// The priority that counts now.
    pub effective_priority: u8,
    /// Whether it preempts.
    pub preempt: bool,
    /// How often it sends adverts when Active.
    pub advert_int: Centiseconds,
}
