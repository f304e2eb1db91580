//! What the tests share: addresses, and bytes written as text.

use std::net::{Ipv4Addr, Ipv6Addr};

use wire::Mac;
use wire::headers::{Headers, Net, V4, V6};

pub const DESTINATION: Mac = Mac([2, 0, 0, 0, 0, 2]);
pub const SOURCE: Mac = Mac([2, 0, 0, 0, 0, 1]);
pub const CLIENT_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub const VIP_V4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
pub const CLIENT_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
pub const VIP_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

/// The bytes of hexadecimal digits, whatever stands between them.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

/// An Ethernet header in front of a packet.
pub fn frame(ethertype: u16, packet: &[u8]) -> Vec<u8> {
    [
        &DESTINATION.0[..],
        &SOURCE.0,
        &ethertype.to_be_bytes(),
        packet,
    ]
    .concat()
}

/// The IPv4 header of a frame that must have one.
pub fn v4(bytes: &[u8]) -> V4 {
    match Headers::parse(bytes).unwrap().net {
        Net::V4(ip) => ip,
        other => panic!("no IPv4 but {other:?}"),
    }
}

/// The IPv6 header of a frame that must have one.
pub fn v6(bytes: &[u8]) -> V6 {
    match Headers::parse(bytes).unwrap().net {
        Net::V6(ip) => ip,
        other => panic!("no IPv6 but {other:?}"),
    }
}
