//! Packet formats and checksums: what bytes on the wire mean, and nothing else.
//!
//! # What is here
//! | module | format | standard |
//! |---|---|---|
//! | [`headers`] | all of a frame's headers in one pass, for the forwarding path | those below |
//! | [`ethernet`], [`vlan`] | views | IEEE 802.3, 802.1Q |
//! | [`arp`] | view; [`headers::ArpInfo`] | RFC 826 |
//! | [`ipv4`], [`ipv6`] | views; [`headers::V4`], [`headers::V6`] | RFC 791, RFC 8200 |
//! | [`icmp`], [`icmpv6`] | views; neighbor solicitation and advertisement | RFC 792, RFC 4443, RFC 4861 |
//! | [`tcp`], [`udp`] | views; [`headers::Transport`] | RFC 9293, RFC 768 |
//! | [`lacp`], [`marker`], [`slow`] | PDUs, parsed and emitted | IEEE 802.1AX, 802.3 Annex 57A |
//! | [`vrrp`] | version 3 advert, parsed and emitted | RFC 5798, RFC 9568 |
//! | [`bfd`] | control packet, and the frame of micro-BFD, parsed and emitted | RFC 5880, RFC 5881, RFC 7130 |
//! | [`checksum`] | full and incremental | RFC 1071, RFC 1624 |
//! | [`time`], [`mac`] | the types that every engine shares | |
//!
//! # Two faces
//! Bytes that are rewritten in place have a *view* (`Ipv4Packet`, `MutableIpv4Packet`), whose
//! getters and setters never fail once `new` gave one; the traits [`Packet`] and [`MutablePacket`]
//! reach its bytes and payload. Bytes that are understood have an owned *meaning* (`Headers`,
//! `Lacpdu`, `Marker`, `NeighborSolicitation`), made by `parse`, which refuses with a
//! [`ParseError`] whatever contradicts itself, and turned to bytes by `emit`. Nobody checks again
//! after `parse`.
//!
//! The views have address types of their own: write `view.set_source(address.octets().into())`,
//! `view.set_source(mac.0.into())`, and read `view.get_source().octets()`.
//!
//! # Bounds
//! No function here panics, blocks, allocates (but for the views' setters of options) or reads a
//! clock, whatever the bytes. An IPv6 chain is walked for
//! [`EXTENSION_HEADERS_MAX`](headers::EXTENSION_HEADERS_MAX) headers, a frame's VLAN tags for two.
//!
//! # What it does not do
//! No reassembly, no TCP options beyond their view, no IPsec, no packets inside tunnels, no FCS.
//! `Headers::parse` verifies no checksum: whoever acts on a packet calls
//! [`checksum::ipv4_header_valid`] or [`checksum::transport_valid`] if it must. It decides nothing:
//! to drop or to forward is the engines' business.
//!
//! # Example
//! A destination NAT, in place, with the checksums brought up to date:
//! ```
//! use wire::headers::{Headers, Net, Transport};
//! use wire::{MutablePacket, checksum, ipv4::MutableIpv4Packet, tcp::MutableTcpPacket};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A SYN from 192.0.2.1:1000 to 198.51.100.7:80.
//! let mut frame = *b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\
//!     \x45\0\0\x28\0\0\x40\0\x40\x06\x4e\x94\xc0\0\x02\x01\xc6\x33\x64\x07\
//!     \x03\xe8\0\x50\0\0\0\x01\0\0\0\0\x50\x02\xff\xff\xbf\x6d\0\0";
//! let headers = Headers::parse(&frame)?;
//! let Net::V4(ip) = headers.net else { return Err("IPv4 it is".into()) };
//! assert!(matches!(ip.transport, Transport::Tcp { source: 1000, destination: 80, .. }));
//! assert!(checksum::transport_valid(&frame, &headers));
//!
//! let real = std::net::Ipv4Addr::new(10, 2, 0, 11);
//! let (old, new) = (ip.destination.to_bits(), real.to_bits());
//! let mut view = MutableIpv4Packet::new(&mut frame[headers.l3..ip.end]).ok_or("too short")?;
//! view.set_destination(real.octets().into());
//! view.set_checksum(checksum::update32(view.get_checksum(), old, new));
//! let mut tcp = MutableTcpPacket::new(view.payload_mut()).ok_or("too short")?;
//! tcp.set_checksum(checksum::update32(tcp.get_checksum(), old, new));
//!
//! let after = Headers::parse(&frame)?;
//! assert!(checksum::ipv4_header_valid(&frame[after.l3..ip.l4]));
//! assert!(checksum::transport_valid(&frame, &after));
//! # Ok(())
//! # }
//! ```
#![no_std]
#![deny(clippy::indexing_slicing)]

pub mod arp;
pub mod bfd;
pub mod checksum;
pub mod error;
pub mod ethernet;
pub mod ethertype;
pub mod headers;
pub mod icmp;
pub mod icmpv6;
pub mod igmp;
pub mod ipv4;
pub mod ipv6;
pub mod lacp;
pub mod mac;
pub mod marker;
pub mod protocol;
pub mod slow;
pub mod tcp;
pub mod time;
pub mod udp;
pub mod vlan;
pub mod vrrp;

pub use error::ParseError;
pub use mac::Mac;
pub use pnet_packet::{MutablePacket, Packet};
pub use time::{Duration, Instant};
