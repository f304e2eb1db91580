//! The Ethernet II header (IEEE 802.3): view.
//!
//! ```text
//! destination(6) source(6) ethertype(2)
//! ```

pub use pnet_packet::ethernet::{EtherType, EtherTypes, EthernetPacket, MutableEthernetPacket};
