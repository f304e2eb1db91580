//! ARP (RFC 826) for virtual addresses.

use wire::headers::ArpInfo;

use super::draft::Draft;
use crate::process::{Outcome, Task};
use crate::{DropReason, Verdict};

/// Answers a request for a virtual address, a probe for one too (RFC 5227 2.1.1). A station that
/// announces a virtual address as its own is dropped and counted; all else is the kernel's.
pub fn answer(task: &mut Task<'_, '_>, arp: &ArpInfo) -> Outcome {
    let is_virtual = |ip: core::net::Ipv4Addr| task.cx.snapshot.is_virtual(ip.into());
    if is_virtual(arp.sender_ip) {
        return Err(DropReason::AddressConflict);
    }
    if arp.operation != ArpInfo::REQUEST || !is_virtual(arp.target_ip) {
        return Ok(Verdict::NotMine);
    }
    let mac = task.cx.mac;
    let to = task.headers.source;
    let mut draft = Draft::new(task.reply, task.frame, task.headers, mac, to)?;
    let [o0, o1] = ArpInfo::REPLY.to_be_bytes();
    draft.push(&[0, 1, 8, 0, 6, 4, o0, o1])?;
    draft.push(&mac.0)?;
    draft.push(&arp.target_ip.octets())?;
    draft.push(&arp.sender_mac.0)?;
    draft.push(&arp.sender_ip.octets())?;
    let len = draft.finish()?;
    task.worker.stats.replies.arp.add(1);
    Ok(Verdict::Reply { len })
}
