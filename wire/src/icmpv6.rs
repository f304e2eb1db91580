//! ICMPv6 (RFC 4443): views, the types we speak of, and Neighbor Discovery.
//!
//! Neighbor Discovery is ours: the view crate's options overflow on a length that a peer chooses,
//! and check none of the rules that a message must keep.

pub mod listener;
mod neighbor;

pub use neighbor::{
    MESSAGE_MAX, NeighborAdvertisement, NeighborSolicitation, multicast_mac, solicited_node,
};
pub use pnet_packet::icmpv6::{
    Icmpv6Code, Icmpv6Packet, Icmpv6Type, MutableIcmpv6Packet, echo_reply, echo_request,
};

/// Destination unreachable.
pub const DESTINATION_UNREACHABLE: u8 = 1;
/// Packet too big.
pub const PACKET_TOO_BIG: u8 = 2;
/// Time exceeded.
pub const TIME_EXCEEDED: u8 = 3;
/// Parameter problem.
pub const PARAMETER_PROBLEM: u8 = 4;
/// Echo request.
pub const ECHO_REQUEST: u8 = 128;
/// Echo reply.
pub const ECHO_REPLY: u8 = 129;
/// Neighbor solicitation (RFC 4861).
pub const NEIGHBOR_SOLICITATION: u8 = 135;
/// Neighbor advertisement (RFC 4861).
pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;

/// Code of [`DESTINATION_UNREACHABLE`]: address unreachable.
pub const ADDRESS_UNREACHABLE: u8 = 3;
/// Code of [`DESTINATION_UNREACHABLE`]: port unreachable.
pub const PORT_UNREACHABLE: u8 = 4;
