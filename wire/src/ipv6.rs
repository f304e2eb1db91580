//! The IPv6 header (RFC 8200): view. What was parsed, extension headers included, is
//! [`V6`](crate::headers::V6).

pub use pnet_packet::ip::IpNextHeaderProtocol;
pub use pnet_packet::ipv6::{Ipv6Packet, MutableIpv6Packet};
