//! Forwarding methods: how a packet reaches a real. One file each.

pub mod dr;
pub mod nat;

use wire::checksum::update16;

use crate::bytes::{change16, get, put};
use crate::packet::{Family, Packet};

/// Lowers TTL or hop limit by one. `None` when the frame is shorter than its headers say.
#[inline]
fn lower_ttl(frame: &mut [u8], packet: &Packet) -> Option<()> {
    match packet.family {
        Family::V4 => {
            let [ttl, protocol] = get(frame, packet.l3 + 8)?;
            let lower = ttl.saturating_sub(1);
            put(frame, packet.l3 + 8, [lower])?;
            change16(frame, packet.l3 + 10, |check| {
                let old = u16::from_be_bytes([ttl, protocol]);
                update16(check, old, u16::from_be_bytes([lower, protocol]))
            })
        }
        Family::V6 => {
            let [hop_limit] = get(frame, packet.l3 + 7)?;
            put(frame, packet.l3 + 7, [hop_limit.saturating_sub(1)])
        }
    }
}
