//! The IPv4 header (RFC 791): view. What was parsed is [`V4`](crate::headers::V4).

pub use pnet_packet::ip::IpNextHeaderProtocol;
pub use pnet_packet::ipv4::{Ipv4Flags, Ipv4Packet, MutableIpv4Packet};
