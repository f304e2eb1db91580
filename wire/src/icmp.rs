//! ICMP (RFC 792): views and the types we speak of.

pub use pnet_packet::icmp::{
    IcmpCode, IcmpPacket, IcmpType, MutableIcmpPacket, destination_unreachable, echo_reply,
    echo_request, time_exceeded,
};

/// Echo reply.
pub const ECHO_REPLY: u8 = 0;
/// Destination unreachable.
pub const DESTINATION_UNREACHABLE: u8 = 3;
/// Echo request.
pub const ECHO_REQUEST: u8 = 8;
/// Time exceeded.
pub const TIME_EXCEEDED: u8 = 11;
/// Parameter problem.
pub const PARAMETER_PROBLEM: u8 = 12;

/// Code of [`DESTINATION_UNREACHABLE`]: host unreachable.
pub const HOST_UNREACHABLE: u8 = 1;
/// Code of [`DESTINATION_UNREACHABLE`]: port unreachable.
pub const PORT_UNREACHABLE: u8 = 3;
/// Code of [`DESTINATION_UNREACHABLE`]: fragmentation needed and DF set (RFC 1191).
pub const FRAGMENTATION_NEEDED: u8 = 4;
