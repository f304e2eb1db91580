//! The TCP header (RFC 9293): view. What was parsed is
//! [`Transport::Tcp`](crate::headers::Transport::Tcp).

pub use pnet_packet::tcp::{
    MutableTcpPacket, TcpOption, TcpOptionNumber, TcpOptionNumbers, TcpOptionPacket, TcpPacket,
};
