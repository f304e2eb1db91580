//! Classic BPF programs that say which frames a socket gets.

use nix::libc::{self, sock_filter};

/// Where the network header begins: no frame here has a tag.
const L3: u32 = 14;
/// Where IPv6's transport header begins.
const L4_V6: u32 = L3 + 40;
/// Where a UDP header has its destination port.
const DESTINATION: u32 = 2;
/// What IPv4 says of fragments: that more follow, and the offset.
const FRAGMENT: u32 = 0x3fff;
const UDP: u32 = 17;

const LOAD_BYTE: u16 = code(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS);
const LOAD_HALF: u16 = code(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS);
const LOAD_HALF_FROM_X: u16 = code(libc::BPF_LD | libc::BPF_H | libc::BPF_IND);
const LOAD_HEADER_LEN_TO_X: u16 = code(libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH);
const IF_EQUAL: u16 = code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K);
const IF_ANY_BIT: u16 = code(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K);
const RETURN: u16 = code(libc::BPF_RET | libc::BPF_K);

#[expect(
    clippy::cast_possible_truncation,
    reason = "the kernel's codes have 16 bits"
)]
const fn code(code: u32) -> u16 {
    code as u16
}

/// What the kernel thinks a frame is: to this host, to a group, to another host.
const KIND: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE).cast_unsigned();
const OTHER_HOST: u32 = libc::PACKET_OTHERHOST as u32;

const fn step(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

const ADMIT: sock_filter = step(RETURN, 0, 0, u32::MAX);
const DROP: sock_filter = step(RETURN, 0, 0, 0);

/// Frames to a group or to this host, of one IP protocol by the byte at this offset.
pub(super) fn protocol(offset: u32, protocol: u8) -> [sock_filter; 6] {
    [
        step(LOAD_BYTE, 0, 0, KIND),
        step(IF_EQUAL, 3, 0, OTHER_HOST),
        step(LOAD_BYTE, 0, 0, offset),
        step(IF_EQUAL, 0, 1, protocol.into()),
        ADMIT,
        DROP,
    ]
}

/// Frames to a group or to this host: whole UDP datagrams over IPv4 to one port.
pub(super) fn udp_v4(port: u16) -> [sock_filter; 11] {
    [
        step(LOAD_BYTE, 0, 0, KIND),
        step(IF_EQUAL, 8, 0, OTHER_HOST),
        step(LOAD_BYTE, 0, 0, L3 + 9),
        step(IF_EQUAL, 0, 6, UDP),
        step(LOAD_HALF, 0, 0, L3 + 6),
        step(IF_ANY_BIT, 4, 0, FRAGMENT),
        step(LOAD_HEADER_LEN_TO_X, 0, 0, L3),
        step(LOAD_HALF_FROM_X, 0, 0, L3 + DESTINATION),
        step(IF_EQUAL, 0, 1, port.into()),
        ADMIT,
        DROP,
    ]
}

/// Frames to a group or to this host: UDP datagrams over IPv6 to one port, without extension headers.
pub(super) fn udp_v6(port: u16) -> [sock_filter; 8] {
    [
        step(LOAD_BYTE, 0, 0, KIND),
        step(IF_EQUAL, 5, 0, OTHER_HOST),
        step(LOAD_BYTE, 0, 0, L3 + 6),
        step(IF_EQUAL, 0, 3, UDP),
        step(LOAD_HALF, 0, 0, L4_V6 + DESTINATION),
        step(IF_EQUAL, 0, 1, port.into()),
        ADMIT,
        DROP,
    ]
}
