//! ARP for IPv4 over Ethernet (RFC 826): view. What was parsed is
//! [`ArpInfo`](crate::headers::ArpInfo).

pub use pnet_packet::arp::{
    ArpHardwareType, ArpHardwareTypes, ArpOperation, ArpOperations, ArpPacket, MutableArpPacket,
};
