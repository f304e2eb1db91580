//! The 802.1Q tag, from its control information on: view. The TPID in front of it is the
//! EtherType of what comes before.
//!
//! ```text
//! priority(3 bits) drop eligible(1 bit) identifier(12 bits) ethertype(2)
//! ```

pub use pnet_packet::vlan::{ClassOfService, MutableVlanPacket, VlanPacket};
