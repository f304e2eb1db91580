//! A client's packet to a service.

use wire::headers::TcpFlags;

use super::{Outcome, Task};
use crate::address::Endpoint;
use crate::answer::{reset, unreachable};
use crate::config::Method;
use crate::connection::{Entry, Found, InsertError, Inserted, Key};
use crate::method::{dr, nat};
use crate::packet::Packet;
use crate::process::takeover::can_take_over;
use crate::snapshot::{Real, Service};
use crate::tcp_state::{Direction, TcpState};
use crate::{DropReason, Verdict};

impl Task<'_, '_> {
    /// Follows the packet's connection, or begins one.
    #[inline]
    pub fn request(
        &mut self,
        packet: &Packet,
        service: &Service,
        client: Endpoint,
        to: Endpoint,
        flags: TcpFlags,
    ) -> Outcome {
        if self.headers.destination.is_group() {
            return Err(DropReason::GroupMac);
        }
        self.stand_for(service.standing)?;
        self.verify_header(packet)?;
        let key = Key {
            client,
            service: to,
            protocol: packet.protocol,
        };
        if let Some(found) = self.cx.table.find(&key, self.tick) {
            match self.cx.snapshot.real(found.real) {
                Some(real) if !(is_opening(flags) && is_reusable(&found)) => {
                    return self.follow(packet, real, &found, flags);
                }
                // The client endpoint is used again, or the real is gone: the connection ends here.
                Some(_) | None => {
                    self.cx.table.remove(&found);
                }
            }
        }
        self.begin(packet, service, &key, flags)
    }

    /// Sends a packet of a known connection to its real.
    #[inline]
    fn follow(
        &mut self,
        packet: &Packet,
        real: &Real,
        found: &Found<'_>,
        flags: TcpFlags,
    ) -> Outcome {
        if packet.ttl <= 1 {
            return unreachable::time_exceeded(self, packet, packet.destination);
        }
        let one_way = found.word.is_one_way();
        let direction = if one_way {
            Direction::InputOnly
        } else {
            Direction::Input
        };
        self.cx
            .table
            .follow(found, self.tick, |state| state.after(direction, flags));
        self.forward(packet, real, found.service, one_way)
    }

    /// Rewrites a packet for its real and counts it.
    #[inline]
    fn forward(
        &mut self,
        packet: &Packet,
        real: &Real,
        service: Endpoint,
        one_way: bool,
    ) -> Outcome {
        let rewritten = if one_way {
            dr::forward(self.frame, packet)
        } else {
            let change = nat::Change {
                end: nat::End::Destination,
                from: service,
                to: real.endpoint,
            };
            nat::translate(self.frame, packet, &change)
        };
        rewritten.ok_or(DropReason::Malformed)?;
        if let Some(counters) = self.worker.stats.real(real.id) {
            counters.in_packets.add(1);
            counters.in_bytes.add(packet.len());
        }
        Ok(Verdict::Forward {
            next_hop: real.endpoint.address.to_ip(),
        })
    }

    /// A packet without a connection: a SYN is scheduled, another box's connection taken over where
    /// that can be, all else refused.
    #[inline(never)]
    fn begin(&mut self, packet: &Packet, service: &Service, key: &Key, flags: TcpFlags) -> Outcome {
        self.refuse_martian(packet)?;
        if flags.contains(TcpFlags::RST) {
            return Err(DropReason::StrayReset);
        }
        if !is_opening(flags) && !can_take_over(service, flags) {
            return reset::stray(self, packet);
        }
        if packet.ttl <= 1 {
            return unreachable::time_exceeded(self, packet, packet.destination);
        }
        let chosen = service.scheduler.choose(key);
        let Some(real) = chosen.and_then(|id| self.cx.snapshot.real(id)) else {
            return unreachable::no_usable_real(self, packet);
        };
        self.enter(packet, service, real, key, flags)
    }

    /// Enters a connection and sends its first packet.
    fn enter(
        &mut self,
        packet: &Packet,
        service: &Service,
        real: &Real,
        key: &Key,
        flags: TcpFlags,
    ) -> Outcome {
        let one_way = service.method == Method::Dr;
        // One that is taken over counts as half open until more of it is seen: whoever sends stray
        // segments shall displace no connection that is established.
        let state = TcpState::None.after(Direction::Input, TcpFlags::SYN);
        let entry = Entry {
            key: *key,
            real: real.id,
            state,
            one_way,
        };
        match self.cx.table.insert(&entry, self.tick) {
            Ok(Inserted::New) => {
                if let Some(counters) = self.worker.stats.real(real.id) {
                    counters.connections.add(1);
                }
                self.forward(packet, real, key.service, one_way)
            }
            // Another worker was first; its real is the connection's.
            Ok(Inserted::Existing(found)) => match self.cx.snapshot.real(found.real) {
                Some(real) => self.follow(packet, real, &found, flags),
                None => Err(DropReason::TableBusy),
            },
            Err(InsertError::Busy) => Err(DropReason::TableBusy),
            Err(InsertError::Conflict) => Err(DropReason::NatConflict),
        }
    }
}

/// Whether a packet opens a connection: SYN alone.
#[inline]
const fn is_opening(flags: TcpFlags) -> bool {
    let decisive = TcpFlags::SYN.0 | TcpFlags::ACK.0 | TcpFlags::RST.0 | TcpFlags::FIN.0;
    flags.0 & decisive == TcpFlags::SYN.0
}

/// Whether a new SYN of the same client endpoint begins a new connection (IPVS `conn_reuse_mode` 1).
fn is_reusable(found: &Found<'_>) -> bool {
    match found.word.state() {
        TcpState::TimeWait | TcpState::Close => true,
        TcpState::FinWait => found.word.is_one_way(),
        TcpState::None
        | TcpState::Established
        | TcpState::SynSent
        | TcpState::SynRecv
        | TcpState::CloseWait
        | TcpState::LastAck
        | TcpState::Listen
        | TcpState::SynAck => false,
    }
}
