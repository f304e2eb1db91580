//! Connections of another box, which was Active for the service before this one.
//!
//! Maglev hashing makes the same choice on every box, so that a segment without a connection leads to
//! the real that it has had all along. What a real sends in the middle of a connection is claimed for
//! the service only shortly after this box became Active, and only when it came for the virtual router
//! as the gateway: later, or elsewhere, it is more likely that the real talks of its own accord.

use wire::headers::TcpFlags;
use wire::{Duration, protocol};

use super::{Outcome, Task};
use crate::DropReason;
use crate::address::Endpoint;
use crate::connection::{Entry, InsertError, Inserted, Key};
use crate::packet::Packet;
use crate::scheduler::Scheduler;
use crate::snapshot::{Service, Standing};
use crate::tcp_state::TcpState;

/// How long after becoming Active a reply may still belong to a connection of the box before.
const WINDOW: Duration = Duration::from_secs(10);

/// Whether a client's segment in the middle of a connection may be another box's connection.
pub fn can_take_over(service: &Service, flags: TcpFlags) -> bool {
    let is_segment = flags.contains(TcpFlags::ACK) && !flags.contains(TcpFlags::SYN);
    is_segment && is_shared(service)
}

/// Whether other boxes serve it too, and choose as this one does.
fn is_shared(service: &Service) -> bool {
    match (&*service.scheduler, service.standing) {
        (Scheduler::Maglev(_), Standing::Router { .. }) => true,
        (Scheduler::Rr(_), _) | (_, Standing::Always) => false,
    }
}

impl Task<'_, '_> {
    /// Claims a real's segment for the service that it must belong to, if it must.
    #[inline(never)]
    pub fn take_over_reply(
        &mut self,
        packet: &Packet,
        real: Endpoint,
        client: Endpoint,
        flags: TcpFlags,
    ) -> Option<Outcome> {
        if flags.contains(TcpFlags::SYN) || flags.contains(TcpFlags::RST) {
            return None;
        }
        let snapshot = self.cx.snapshot;
        let service = snapshot.only_service_of(real, protocol::TCP)?;
        if !is_shared(service) || !self.came_for_a_new_gateway() {
            return None;
        }
        let key = Key {
            client,
            service: service.endpoint,
            protocol: packet.protocol,
        };
        let chosen = snapshot.real(service.scheduler.choose(&key)?)?;
        if chosen.endpoint != real {
            return None;
        }
        if let Err(reason) = self.verify_header(packet) {
            return Some(Err(reason));
        }
        let entry = Entry {
            key,
            real: chosen.id,
            state: TcpState::SynRecv,
            one_way: false,
        };
        match self.cx.table.insert(&entry, self.tick) {
            Ok(Inserted::New) => self.reply(packet, real, client, flags),
            Ok(Inserted::Existing(found)) => Some(self.follow_reply(packet, real, &found, flags)),
            Err(InsertError::Busy) => Some(Err(DropReason::TableBusy)),
            Err(InsertError::Conflict) => None,
        }
    }

    /// Whether the frame is for a virtual router that became Active here a short while ago.
    fn came_for_a_new_gateway(&self) -> bool {
        let mut leases = self.cx.snapshot.lease_of(self.headers.destination);
        leases.any(|lease| self.cx.is_here(lease) && self.cx.is_active_since(lease, WINDOW))
    }
}
