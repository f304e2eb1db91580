//! Neighbour Discovery (RFC 4861) for virtual addresses.

use core::net::Ipv6Addr;

use wire::Mac;
use wire::checksum::transport_v6;
use wire::protocol;

use super::draft::{Draft, Network};
use crate::address::Address;
use crate::bytes::get;
use crate::packet::Packet;
use crate::process::{Outcome, Task};
use crate::snapshot::Standing;
use crate::{DropReason, Verdict};

const ADVERTISEMENT: u8 = 136;
const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;
/// Type and length (in eight bytes) of the link-layer address options.
const SOURCE_LINK_LAYER: u8 = 1;
const TARGET_LINK_LAYER: [u8; 2] = [2, 1];
/// Bytes before the options: type, code, checksum, flags, target.
const OPTIONS: usize = 24;
const CHECKSUM: usize = 2;
/// What no router between us and the sender can have left there.
const HOP_LIMIT: u8 = 255;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);
/// ff02::1:ff00:0/104, without its last 24 bits.
const SOLICITED_NODE: u128 = 0xff02_0000_0000_0000_0000_0001_ff00_0000;

/// The target of a solicitation or an advertisement.
pub fn target(frame: &[u8], packet: &Packet) -> Option<Address> {
    let message = frame.get(packet.l4..packet.end)?;
    get(message, 8)
        .map(u128::from_be_bytes)
        .map(Address::from_bits)
}

/// Answers a solicitation for a virtual address: to its sender, or to all nodes where it probes
/// whether the address is taken (RFC 4861 7.2.4). A virtual router's address is a router's: a host
/// that hears otherwise uses it as a default router no more (7.2.5).
pub fn answer(
    task: &mut Task<'_, '_>,
    packet: &Packet,
    target: Address,
    standing: Standing,
) -> Outcome {
    let Some(is_probe) = check(task.frame, packet) else {
        return Err(DropReason::BadSolicitation);
    };
    let router = match standing {
        Standing::Router { .. } => ROUTER,
        Standing::Always => 0,
    };
    let (to, mac, solicited) = if is_probe {
        (ALL_NODES.into(), ALL_NODES_MAC, 0)
    } else {
        (packet.source, task.headers.source, SOLICITED)
    };
    let flags = router | solicited | OVERRIDE;
    let payload = OPTIONS + 8;
    let network = Network {
        ttl: HOP_LIMIT,
        ..Network::new(target, to, protocol::ICMPV6, payload)
    };
    let mut draft = Draft::new(task.reply, task.frame, task.headers, task.mac, mac)?;
    let l4 = draft.network(&network)?;
    draft.push(&[ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0])?;
    draft.push(&target.to_bits().to_be_bytes())?;
    draft.push(&TARGET_LINK_LAYER)?;
    draft.push(&task.mac.0)?;
    draft.seal(&network, l4, CHECKSUM)?;
    let len = draft.finish()?;
    task.worker.stats.replies.neighbour.add(1);
    Ok(Verdict::Reply { len })
}

/// The tests of RFC 4861 7.1.1: `None` when one fails, else whether it is a probe for a duplicate
/// address, which has no source.
fn check(frame: &[u8], packet: &Packet) -> Option<bool> {
    let message = frame.get(packet.l4..packet.end)?;
    let [_, code] = get(message, 0)?;
    let [source, destination] =
        [packet.source, packet.destination].map(|address| Ipv6Addr::from_bits(address.to_bits()));
    let intact = transport_v6(source, destination, protocol::ICMPV6, message) == 0;
    if !intact || code != 0 || packet.ttl != HOP_LIMIT {
        return None;
    }
    let has_source_option = options(message.get(OPTIONS..)?)?;
    let is_probe = source.is_unspecified();
    let to_solicited_node = destination.to_bits() & !0xff_ffff == SOLICITED_NODE;
    if is_probe && (has_source_option || !to_solicited_node) {
        return None;
    }
    Some(is_probe)
}

/// Goes through the options: `None` when one has no length or is cut off, else whether the source's
/// link-layer address is among them.
fn options(mut bytes: &[u8]) -> Option<bool> {
    let mut has_source = false;
    while !bytes.is_empty() {
        let [kind, length] = get(bytes, 0)?;
        has_source |= kind == SOURCE_LINK_LAYER;
        bytes = bytes
            .get(usize::from(length) * 8..)
            .filter(|_| length > 0)?;
    }
    Some(has_source)
}
