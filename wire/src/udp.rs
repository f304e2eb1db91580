//! The UDP header (RFC 768): view. What was parsed is
//! [`Transport::Udp`](crate::headers::Transport::Udp).

pub use pnet_packet::udp::{MutableUdpPacket, UdpPacket};
