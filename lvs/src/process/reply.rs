//! A NAT real's packet to a client.

use wire::headers::TcpFlags;

use super::{Outcome, Task};
use crate::address::Endpoint;
use crate::answer::unreachable;
use crate::connection::{Found, Key};
use crate::method::nat;
use crate::packet::Packet;
use crate::tcp_state::Direction;
use crate::{DropReason, Verdict};

impl<'m> Task<'_, 'm> {
    /// Gives a reply its virtual source. `None` when the packet belongs to no connection: the real
    /// talks of its own accord then, and the kernel routes for it.
    #[inline]
    pub fn reply(
        &mut self,
        packet: &Packet,
        real: Endpoint,
        client: Endpoint,
        flags: TcpFlags,
    ) -> Option<Outcome> {
        let found = self.find_reply(packet.protocol, real, client)?;
        Some(self.follow_reply(packet, real, &found, flags))
    }

    /// The NAT connection between a real and a client.
    #[inline]
    pub fn find_reply(&self, protocol: u8, real: Endpoint, client: Endpoint) -> Option<Found<'m>> {
        let snapshot = self.cx.snapshot;
        let key = Key {
            client,
            service: client,
            protocol,
        };
        let is_reply = |id| {
            snapshot
                .real(id)
                .is_some_and(|known| known.endpoint == real)
        };
        self.cx.table.find_reply(&key, self.tick, is_reply)
    }

    #[inline]
    pub fn follow_reply(
        &mut self,
        packet: &Packet,
        real: Endpoint,
        found: &Found<'_>,
        flags: TcpFlags,
    ) -> Outcome {
        // What was flooded is not routed (RFC 1812 5.3.4): every balancer on the link has it.
        if self.headers.destination.is_group() {
            return Err(DropReason::GroupMac);
        }
        self.verify_header(packet)?;
        if packet.ttl <= 1 {
            return unreachable::time_exceeded(self, packet, found.service.address);
        }
        self.cx.table.follow(found, self.tick, |state| {
            state.after(Direction::Output, flags)
        });
        let change = nat::Change {
            end: nat::End::Source,
            from: real,
            to: found.service,
        };
        nat::translate(self.frame, packet, &change).ok_or(DropReason::Malformed)?;
        if let Some(counters) = self.worker.stats.real(found.real) {
            counters.out_packets.add(1);
            counters.out_bytes.add(packet.len());
        }
        Ok(Verdict::Forward {
            next_hop: packet.destination.to_ip(),
        })
    }
}
