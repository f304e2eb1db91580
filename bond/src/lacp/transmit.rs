//! The Transmit machine: one PDU for all news, and not more than three a second.

use wire::lacp::{Lacpdu, PortInfo, State};
use wire::{Duration, Instant};

use super::counters::bump;
use super::periodic;
use super::port::{FAST_PERIODIC, Port, System};

/// The last three frames of a kind: what limits them to three in Fast_Periodic_Time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent([Option<Instant>; 3]);

impl Recent {
    /// When the next one may be sent; the clock's start: at any time.
    #[must_use]
    pub fn free_at(&self) -> Instant {
        let [oldest, ..] = self.0;
        oldest.map_or(Instant::default(), |sent| sent + FAST_PERIODIC)
    }

    /// Takes note of one that is sent now.
    pub const fn note(&mut self, now: Instant) {
        let [_, second, third] = self.0;
        self.0 = [second, third, Some(now)];
    }
}

/// In tens of microseconds: a frame that arrives is delivered at once.
const COLLECTOR_MAX_DELAY: u16 = 0;

/// The PDU to send now, if there is news and the limit allows one.
pub fn step(port: &mut Port, system: &System, now: Instant) -> Option<[u8; wire::slow::FRAME_LEN]> {
    let speaks = port.periodic != periodic::State::NoPeriodic;
    if !port.is_enabled || !port.is_lacp_enabled() || !speaks {
        // NTT without LACP, or with both sides passive, is forgotten.
        port.ntt = false;
    }
    if !port.ntt || port.sent.free_at() > now {
        return None;
    }
    port.ntt = false;
    port.sent.note(now);
    bump(&mut port.counters.lacpdus_tx);
    Some(frame(port, port.actor(system)))
}

fn frame(port: &Port, actor: PortInfo) -> [u8; wire::slow::FRAME_LEN] {
    let version = wire::lacp::VERSION;
    let collector_max_delay = COLLECTOR_MAX_DELAY;
    Lacpdu {
        version,
        actor,
        partner: port.partner,
        collector_max_delay,
    }
    .emit_frame(port.mac)
}

/// The last PDU by a port: it aggregates no longer, so move your traffic.
#[must_use]
pub fn farewell(port: &mut Port, system: &System) -> Option<[u8; wire::slow::FRAME_LEN]> {
    if !port.is_enabled || !port.is_lacp_enabled() {
        return None;
    }
    let mut actor = port.actor(system);
    bump(&mut port.counters.lacpdus_tx);
    actor.state = State(actor.state.0 & State::ACTIVITY.with(State::TIMEOUT).0);
    Some(frame(port, actor))
}

/// How long a port counts as looped back after a PDU of our own: three slow periods.
pub const LOOP_WHILE: Duration = Duration::from_secs(90);
