//! Known answers of the transmit hash. Frames were built by scapy; the hashes come from a second
//! model in Python, written from the formulae and not from the code under test:
//!
//! ```text
//! le = lambda b: struct.unpack('<I', b)[0]
//! def eth(f): return f[5] ^ f[11] ^ int.from_bytes(f[12:14], 'big')
//! def fold(h): h ^= h >> 16; return h ^ (h >> 8)
//! OFFSET = {6: 0, 17: 0, 50: 0, 132: 0, 33: 0, 136: 0, 51: 4}
//! def net(f, at, kind):
//!     if kind == 0x800 and len(f) >= at + 20:
//!         frag = int.from_bytes(f[at+6:at+8], 'big') & 0x3fff
//!         return le(f[at+12:at+16]) ^ le(f[at+16:at+20]), (None if frag else f[at+9]), at + (f[at] & 15) * 4
//!     if kind == 0x86dd and len(f) >= at + 40:
//!         a = 0
//!         for i in range(8): a ^= le(f[at+8+4*i:at+12+4*i])
//!         return a, f[at+6], at + 40
//!     return None
//! def ports(f, at, proto):
//!     if proto not in OFFSET: return 0
//!     at += OFFSET[proto]
//!     return le(f[at:at+4]) if len(f) >= at + 4 else 0
//! def flow(f):
//!     kind = int.from_bytes(f[12:14], 'big')
//!     n = net(f, 14, kind)
//!     if n is None: return None
//!     a, proto, at = n
//!     if proto in (1, 58) and len(f) >= at + 8:
//!         t = f[at]
//!         if t in (0, 8, 13, 14, 128, 129):
//!             i = int.from_bytes(f[at+4:at+6], 'big') or 1
//!             return a, t | f[at+1] << 8 | i << 16
//!         if (proto == 1 and t in (3, 4, 5, 11, 12)) or (proto == 58 and t in (1, 2, 3, 4)):
//!             n = net(f, at + 8, kind)
//!             if n is None: return None
//!             a, proto, at = n
//!     return a, ports(f, at, proto) if proto is not None else 0
//! def hashes(f):
//!     e, fl = eth(f), flow(f)
//!     if fl is None: return e, e, e
//!     return e, fold(e ^ fl[0]), fold(fl[1] ^ fl[0]) >> 1
//! ```

extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::xmit_hash;
use crate::XmitHashPolicy;

/// What the frame is, its bytes, and its hashes by layer2, layer2+3 and layer3+4.
const KNOWN: &[(&str, &str, [u32; 3])] = &[
    (
        "arp",
        "020000000afe52540012345608060001080006040001000000000000c0000201000000000000c0000202",
        [0x8ae, 0x8ae, 0x8ae],
    ),
    (
        "tcp over IPv4",
        "020000000afe5254001234560800450000280001000040068e4dc0000201c633644dc00101bb000000000000000050022000e1a30000",
        [0x8a8, 0x4c2a11bf, 0x7bc85132],
    ),
    (
        "the other direction of that flow",
        "020000000afe5254001234560800450000280001000040068e4dc633644dc000020101bbc001000000000000000050022000e1a30000",
        [0x8a8, 0x4c2a11bf, 0x26f5b1b2],
    ),
    (
        "tcp behind IPv4 options",
        "020000000afe52540012345608004600002c0001000040068b48c0000201c633644d01010100c00101bb000000000000000050022000e1a30000",
        [0x8a8, 0x4c2a11bf, 0x7bc85132],
    ),
    (
        "udp over IPv4",
        "020000000afe52540012345608004500001d0001000040118e4dc0000201c633644d14e900350009863b78",
        [0x8a8, 0x4c2a11bf, 0x3c8fe2eb],
    ),
    (
        "sctp over IPv4",
        "020000000afe5254001234560800450000200001000040848dd7c0000201c633644d0b590b5a0000000000000000",
        [0x8a8, 0x4c2a11bf, 0xb3d888e],
    ),
    (
        "esp over IPv4: its SPI",
        "020000000afe52540012345608004500001c0001000040328e2dc0000201c633644dc0ffee0100000001",
        [0x8a8, 0x4c2a11bf, 0x26e284e7],
    ),
    (
        "ah over IPv4: its SPI",
        "020000000afe5254001234560800450000200001000040338e28c0000201c633644d06040000c0ffee0100000001",
        [0x8a8, 0x4c2a11bf, 0x26e284e7],
    ),
    (
        "gre over IPv4 has no ports",
        "020000000afe52540012345608004500001c00010000402f8e30c0000201c633644d00000800450000ff",
        [0x8a8, 0x4c2a11bf, 0x26150c8f],
    ),
    (
        "first fragment has no ports",
        "020000000afe52540012345608004500001d0001200040116e4dc0000201c633644d14e900350009863b78",
        [0x8a8, 0x4c2a11bf, 0x26150c8f],
    ),
    (
        "later fragment has no ports",
        "020000000afe52540012345608004500001c000100b940008da6c0000201c633644d6162636465666768",
        [0x8a8, 0x4c2a11bf, 0x26150c8f],
    ),
    (
        "do not fragment is no fragment",
        "020000000afe5254001234560800450000280001400040064e4dc0000201c633644dc00101bb000000000000000050022000e1a30000",
        [0x8a8, 0x4c2a11bf, 0x7bc85132],
    ),
    (
        "echo request",
        "020000000afe52540012345608004500001c0001000040018e5ec0000201c633644d0800e5c412340007",
        [0x8a8, 0x4c2a11bf, 0x2f061f98],
    ),
    (
        "echo request with identifier 0",
        "020000000afe52540012345608004500001c0001000040018e5ec0000201c633644d0800f7f800000007",
        [0x8a8, 0x4c2a11bf, 0x26158c0b],
    ),
    (
        "timestamp request",
        "020000000afe5254001234560800450000280001000040018e52c0000201c633644d0d00b000beef00000103d5ac0103d5ac0103d5ac",
        [0x8a8, 0x4c2a11bf, 0x793da421],
    ),
    (
        "unreachable follows the flow that it quotes",
        "020000000afe5254001234560800450000440001000040017cadcb007109c00002010301e99b00000000450000280001000040068e4dc0000201c633644dc00101bb000000000000000050022000e1a30000",
        [0x8a8, 0x4c2a11bf, 0x7bc85132],
    ),
    (
        "time exceeded follows the flow that it quotes",
        "020000000afe5254001234560800450000380001000040017cb9cb007109c00002010b00e19b000000004500001c0001000040118e4ec0000201c633644d14e900350008fe3d",
        [0x8a8, 0x4c2a11bf, 0x3c8fe2eb],
    ),
    (
        "unreachable about an echo has no ports",
        "020000000afe5254001234560800450000380001000040017cb9cb007109c00002010301fcfe000000004500001c0001000040018e5ec0000201c633644d0800f7f600090000",
        [0x8a8, 0x4c2a11bf, 0x26150c8f],
    ),
    (
        "unreachable about a fragment has no ports",
        "020000000afe5254001234560800450000380001000040017cb9cb007109c000020103016b69000000004500001c000100b940008da6c0000201c633644d6162636465666768",
        [0x8a8, 0x4c2a11bf, 0x26150c8f],
    ),
    (
        "unreachable with its quotation cut hashes by layer 2",
        "020000000afe5254001234560800450000200001000040017cd1cb007109c00002010301b7d60000000045000028",
        [0x8a8, 0x8a8, 0x8a8],
    ),
    (
        "router advertisement has no identifier",
        "020000000afe52540012345608004500001c0001000040018e5ec0000201c633644d0900f6ff00000000",
        [0x8a8, 0x4c2a11bf, 0x26150c8f],
    ),
    (
        "tcp over IPv6",
        "020000000afe52540012345686dd600000000014064020010db800000000000000000001000220010db8ffff00010000000000008042c00101bb000000000000000050022000f26d0000",
        [0x8675, 0x41c1b933, 0x7d3dc25d],
    ),
    (
        "udp over IPv6",
        "020000000afe52540012345686dd600000000009114020010db800000000000000000001000220010db8ffff0001000000000000804214e900350009970578",
        [0x8675, 0x41c1b933, 0x3a7a7184],
    ),
    (
        "IPv6 fragment has no ports",
        "020000000afe52540012345686dd6000000000112c4020010db800000000000000000001000220010db8ffff00010000000000008042110000010000000514e900350009970578",
        [0x8675, 0x41c1b933, 0x20e09fe0],
    ),
    (
        "IPv6 extension headers are not walked",
        "020000000afe52540012345686dd60000000001c004020010db800000000000000000001000220010db8ffff000100000000000080420600010400000000c00101bb000000000000000050022000f26d0000",
        [0x8675, 0x41c1b933, 0x20e09fe0],
    ),
    (
        "IPv6 echo request",
        "020000000afe52540012345686dd6000000000083a4020010db800000000000000000001000220010db8ffff00010000000000008042800060e243210001",
        [0x8675, 0x41c1b933, 0x151ae91],
    ),
    (
        "IPv6 packet too big follows the flow that it quotes",
        "020000000afe52540012345686dd6000000000443a4020010db800090000000000000000000120010db8000000000000000000010002020036c800000500600000000014064020010db800000000000000000001000220010db8ffff00010000000000008042c00101bb000000000000000050022000f26d0000",
        [0x8675, 0x41c1b933, 0x7d3dc25d],
    ),
    (
        "IPv6 unreachable follows the flow that it quotes",
        "020000000afe52540012345686dd6000000000383a4020010db800090000000000000000000120010db8000000000000000000010002010431db00000000600000000008114020010db800000000000000000001000220010db8ffff0001000000000000804214e9003500080f08",
        [0x8675, 0x41c1b933, 0x3a7a7184],
    ),
    (
        "a tag in the frame counts as its ethertype",
        "020000000afe525400123456810000640800450000280001000040068e4dc0000201c633644dc00101bb000000000000000050022000e1a30000",
        [0x81a8, 0x81a8, 0x81a8],
    ),
    (
        "tcp header cut has no ports",
        "020000000afe5254001234560800450000280001000040068e4dc0000201c633644dc00101",
        [0x8a8, 0x4c2a11bf, 0x26150c8f],
    ),
    (
        "IPv4 header cut hashes by layer 2",
        "020000000afe5254001234560800450000280001000040068e4dc0000201c63364",
        [0x8a8, 0x8a8, 0x8a8],
    ),
];

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn hashes(frame: &[u8]) -> [u32; 3] {
    use XmitHashPolicy::{Layer2, Layer23, Layer34};
    [Layer2, Layer23, Layer34].map(|policy| xmit_hash(policy, frame))
}

fn known(name: &str) -> [u32; 3] {
    KNOWN
        .iter()
        .find(|(known, ..)| *known == name)
        .expect("a known answer")
        .2
}

#[test]
fn known_answers_hold_for_every_policy() {
    for (name, hex, expected) in KNOWN {
        assert_eq!(hashes(&bytes(hex)), *expected, "{name}");
    }
}

#[test]
fn errors_take_the_member_of_their_flow_and_other_packets_do_not() {
    let quoted = known("unreachable follows the flow that it quotes");
    assert_eq!(quoted[2], known("tcp over IPv4")[2]);
    assert_ne!(known("echo request")[2], known("tcp over IPv4")[2]);
}

#[test]
fn fragments_of_one_datagram_take_one_member() {
    let first = known("first fragment has no ports");
    assert_eq!(first[2], known("later fragment has no ports")[2]);
    assert_ne!(first[2], known("udp over IPv4")[2]);
}

proptest! {
    #[test]
    fn no_bytes_panic(
        mut frame in proptest::collection::vec(any::<u8>(), 0..200),
        ethertype in proptest::option::of(prop_oneof![Just([8, 0]), Just([0x86, 0xdd])]),
        protocol in prop_oneof![Just(1u8), Just(58), Just(6), Just(51), any::<u8>()],
    ) {
        if let (Some(ethertype), true) = (ethertype, frame.len() > 23) {
            frame[12..14].copy_from_slice(&ethertype);
            frame[if ethertype == [8, 0] { 23 } else { 20 }] = protocol;
        }
        hashes(&frame);
    }
}
