//! Slow-protocol frames: PDUs to the Receive machine, markers answered, the rest counted.

use wire::Instant;
use wire::lacp::Lacpdu;
use wire::marker::{Kind, Marker};

use super::counters::bump;
use super::port::{Port, System};
use super::{Lacp, receive, transmit};
use crate::Event;
use crate::outbox::Outbox;

impl Lacp {
    /// A slow-protocol frame came by a member.
    pub fn frame(&mut self, member: usize, frame: &[u8], now: Instant, out: &mut Outbox) {
        let Some(port) = self.ports.get_mut(member) else {
            return;
        };
        let is_slow = frame.get(12..14) == Some(&wire::ethertype::SLOW.to_be_bytes());
        let payload = frame
            .get(wire::slow::HEADER_LEN..)
            .filter(|_| is_slow)
            .unwrap_or_default();
        let is_ours = frame.starts_with(&wire::slow::GROUP.0);
        match payload.first() {
            Some(&wire::lacp::SUBTYPE) if is_ours => match Lacpdu::parse(payload) {
                Ok(pdu) => lacpdu(port, member, &self.system, &pdu, now, out),
                Err(_) => illegal(port, member, out),
            },
            Some(&wire::marker::SUBTYPE) if is_ours => match Marker::parse(payload) {
                Ok(marker) => answer(port, member, &self.system, marker, now, out),
                Err(_) => illegal(port, member, out),
            },
            Some(_) => bump(&mut port.counters.unknown_rx),
            None => illegal(port, member, out),
        }
    }
}

fn lacpdu(
    port: &mut Port,
    member: usize,
    system: &System,
    pdu: &Lacpdu,
    now: Instant,
    out: &mut Outbox,
) {
    bump(&mut port.counters.lacpdus_rx);
    if pdu.actor.system == system.id {
        // Not a partner's PDU: it must not keep the port in CURRENT.
        bump(&mut port.counters.loopback_rx);
        if port
            .loop_while
            .replace(now + transmit::LOOP_WHILE)
            .is_none()
        {
            out.event(Event::Loopback { member });
        }
        return;
    }
    port.loop_while = None;
    receive::receive(port, system, pdu, now);
}

fn answer(
    port: &mut Port,
    member: usize,
    system: &System,
    marker: Marker,
    now: Instant,
    out: &mut Outbox,
) {
    match marker.kind {
        Kind::Response => {
            bump(&mut port.counters.marker_response_pdus_rx);
            return super::marker::answered(port, system, marker);
        }
        Kind::Information => bump(&mut port.counters.marker_pdus_rx),
    }
    if marker.system == system.id {
        return;
    }
    if port.answered.free_at() > now {
        bump(&mut port.counters.markers_ignored);
        return;
    }
    port.answered.note(now);
    bump(&mut port.counters.marker_response_pdus_tx);
    out.send(member, &marker.response().emit_frame(port.mac));
}

fn illegal(port: &mut Port, member: usize, out: &mut Outbox) {
    bump(&mut port.counters.illegal_rx);
    out.event(Event::Illegal { member });
}
