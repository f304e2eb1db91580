//! EtherTypes (IEEE registration authority).

/// IPv4.
pub const IPV4: u16 = 0x0800;
/// ARP.
pub const ARP: u16 = 0x0806;
/// 802.1Q customer VLAN tag.
pub const VLAN: u16 = 0x8100;
/// IPv6.
pub const IPV6: u16 = 0x86dd;
/// Slow protocols: LACP and marker (802.3 Annex 57A).
pub const SLOW: u16 = 0x8809;
/// 802.1ad service VLAN tag.
pub const SERVICE_VLAN: u16 = 0x88a8;
/// Ethernet configuration testing (loopback): what teaches switches where a station is.
pub const LOOPBACK: u16 = 0x9000;
/// LLDP.
pub const LLDP: u16 = 0x88cc;
