//! Echo (RFC 792, RFC 4443 4.2) for virtual addresses.

use wire::checksum::update16;

use super::draft::{Draft, Network};
use crate::bytes::get16;
use crate::packet::{Family, Packet};
use crate::process::{Outcome, Task};
use crate::{DropReason, Verdict};

/// Sends a request's data back. The checksum is carried, so that a damaged request gets a damaged
/// reply: the addresses' exchange does not change it, the message's type does.
pub fn answer(task: &mut Task<'_, '_>, packet: &Packet) -> Outcome {
    let kind: u8 = match packet.family {
        Family::V4 => 0,
        Family::V6 => 129,
    };
    let old = get16(task.frame, packet.l4).ok_or(DropReason::Malformed)?;
    let check = get16(task.frame, packet.l4 + 2).ok_or(DropReason::Malformed)?;
    let [_, code] = old.to_be_bytes();
    let check = update16(check, old, u16::from_be_bytes([kind, code]));
    let rest = task
        .frame
        .get(packet.l4 + 4..packet.end)
        .ok_or(DropReason::Malformed)?;
    let (from, to) = (packet.destination, packet.source);
    let network = Network::new(from, to, packet.protocol, rest.len() + 4);
    let headers = task.headers;
    let mut draft = Draft::new(task.reply, task.frame, headers, task.mac, headers.source)?;
    draft.network(&network)?;
    draft.push(&[kind, code])?;
    draft.push(&check.to_be_bytes())?;
    draft.push(rest)?;
    let len = draft.finish()?;
    task.worker.stats.replies.echo.add(1);
    Ok(Verdict::Reply { len })
}
