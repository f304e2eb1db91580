//! ICMP and ICMPv6 errors (RFC 792, RFC 4443) from virtual addresses, as Linux writes them: class
//! 0xC0 over IPv4, and as much of the packet as fits in 576 bytes, or 1,280 over IPv6.

use super::draft::{Draft, Network};
use crate::address::Address;
use crate::bytes::upto;
use crate::packet::{Family, Packet};
use crate::process::{Outcome, Task};
use crate::{DropReason, Verdict};
use wire::protocol;

const HEADER: usize = 8;
const CHECKSUM: usize = 2;
/// The longest error, IP header included (RFC 1812 4.3.2.3; RFC 4443 2.4 c).
const LONGEST_V4: usize = 576;
const LONGEST_V6: usize = 1280;
/// Internetwork control (RFC 1812 4.3.2.5).
const CLASS_V4: u8 = 0xc0;

/// Type and code of an error, by family.
#[derive(Clone, Copy)]
struct Kind {
    v4: [u8; 2],
    v6: [u8; 2],
}

const PORT_UNREACHABLE: Kind = Kind {
    v4: [3, 3],
    v6: [1, 4],
};
const TIME_EXCEEDED: Kind = Kind {
    v4: [11, 0],
    v6: [3, 0],
};

/// Says that a service has no usable real.
pub fn no_usable_real(task: &mut Task<'_, '_>, packet: &Packet) -> Outcome {
    let len = write(task, packet, PORT_UNREACHABLE, packet.destination)?;
    task.worker.stats.replies.no_usable_real.add(1);
    Ok(Verdict::Reply { len })
}

/// Says that nothing listens at a port.
pub fn port(task: &mut Task<'_, '_>, packet: &Packet) -> Outcome {
    let len = write(task, packet, PORT_UNREACHABLE, packet.destination)?;
    task.worker.stats.replies.port_unreachable.add(1);
    Ok(Verdict::Reply { len })
}

/// Says, from a virtual address, that a packet's TTL ran out here.
pub fn time_exceeded(task: &mut Task<'_, '_>, packet: &Packet, from: Address) -> Outcome {
    let len = write(task, packet, TIME_EXCEEDED, from)?;
    task.worker.stats.replies.time_exceeded.add(1);
    Ok(Verdict::Reply { len })
}

fn write(
    task: &mut Task<'_, '_>,
    packet: &Packet,
    kind: Kind,
    from: Address,
) -> Result<usize, DropReason> {
    task.limit()?;
    let (kind, class, proto, room) = match packet.family {
        Family::V4 => (kind.v4, CLASS_V4, protocol::ICMP, LONGEST_V4 - 20 - HEADER),
        Family::V6 => (kind.v6, 0, protocol::ICMPV6, LONGEST_V6 - 40 - HEADER),
    };
    let original = upto(task.frame, packet.end)
        .get(packet.l3..)
        .ok_or(DropReason::Malformed)?;
    let quoted = original.get(..room).unwrap_or(original);
    let payload = HEADER + quoted.len();
    let network = Network {
        class,
        ..Network::new(from, packet.source, proto, payload)
    };
    let headers = task.headers;
    let mut draft = Draft::new(task.reply, task.frame, headers, task.mac, headers.source)?;
    let l4 = draft.network(&network)?;
    let [kind, code] = kind;
    draft.push(&[kind, code, 0, 0, 0, 0, 0, 0])?;
    draft.push(quoted)?;
    draft.seal(&network, l4, CHECKSUM)?;
    draft.finish()
}
