//! TCP resets (RFC 9293 3.10.7.1: the state CLOSED) from virtual endpoints.

use wire::headers::{TcpFlags, Transport};

use super::draft::{Draft, Network};
use crate::packet::Packet;
use crate::process::{Outcome, Task};
use crate::{DropReason, Verdict};

const HEADER: usize = 20;
const CHECKSUM: usize = 16;

/// Resets a segment of no connection to a service's endpoint.
pub fn stray(task: &mut Task<'_, '_>, packet: &Packet) -> Outcome {
    let len = write(task, packet)?;
    task.worker.stats.replies.reset_stray.add(1);
    Ok(Verdict::Reply { len })
}

/// Resets a segment to a port without a service.
pub fn no_service(task: &mut Task<'_, '_>, packet: &Packet) -> Outcome {
    let len = write(task, packet)?;
    task.worker.stats.replies.reset_no_service.add(1);
    Ok(Verdict::Reply { len })
}

/// Writes the reset that answers a segment; the segment is none itself.
fn write(task: &mut Task<'_, '_>, packet: &Packet) -> Result<usize, DropReason> {
    let Transport::Tcp {
        source,
        destination,
        flags,
        sequence,
        acknowledgement,
        header_len,
    } = packet.transport
    else {
        return Err(DropReason::Malformed);
    };
    task.limit()?;
    let (sequence, acknowledgement, flags) = if flags.contains(TcpFlags::ACK) {
        (acknowledgement, 0, TcpFlags::RST)
    } else {
        let data = packet.end.saturating_sub(packet.l4 + header_len);
        let length = u32::try_from(data).unwrap_or_default()
            + u32::from(flags.contains(TcpFlags::SYN))
            + u32::from(flags.contains(TcpFlags::FIN));
        (
            0,
            sequence.wrapping_add(length),
            TcpFlags::RST.with(TcpFlags::ACK),
        )
    };
    let headers = task.headers;
    let network = Network::new(packet.destination, packet.source, packet.protocol, HEADER);
    let mut draft = Draft::new(task.reply, task.frame, headers, task.mac, headers.source)?;
    let l4 = draft.network(&network)?;
    draft.push(&destination.to_be_bytes())?;
    draft.push(&source.to_be_bytes())?;
    draft.push(&sequence.to_be_bytes())?;
    draft.push(&acknowledgement.to_be_bytes())?;
    draft.push(&[0x50, flags.0, 0, 0, 0, 0, 0, 0])?;
    draft.seal(&network, l4, CHECKSUM)?;
    draft.finish()
}
