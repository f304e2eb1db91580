//! ARP (RFC 826) for virtual addresses.

use wire::headers::ArpInfo;

use super::draft::Draft;
use crate::Verdict;
use crate::process::{Outcome, Task};

/// Answers a request for a virtual address, a probe for one too (RFC 5227 2.1.1), by the MAC address
/// that it is reached by. A station that announces a virtual address of this box as its own is dropped
/// and counted; all else is the kernel's, which also learns so where another box's addresses are.
pub fn answer(task: &mut Task<'_, '_>, arp: &ArpInfo) -> Outcome {
    if let Some(standing) = task.cx.snapshot.standing(arp.sender_ip.into()) {
        return task.claimed(standing, arp.sender_mac);
    }
    let target = task.cx.snapshot.standing(arp.target_ip.into());
    let Some(standing) =
        target.filter(|to| arp.operation == ArpInfo::REQUEST && task.is_on_link(*to))
    else {
        return Ok(Verdict::NotMine);
    };
    task.tell_of(standing)?;
    let mac = task.mac;
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
