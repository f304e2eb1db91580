//! `[management]`: the port by which the box is managed, which never carries the data plane.

use std::net::IpAddr;

use bond::Address;

/// The management port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Management {
    /// The NIC; a member of no bond.
    pub interface: String,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// The default routes of what leaves by this port; at most one for each family.
    pub gateway: Vec<IpAddr>,
    /// The networks whose hosts may open connections to the box through this port; empty: every host may.
    pub allow: Vec<Address>,
}
