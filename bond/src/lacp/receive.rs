//! The Receive machine: what we believe of the partner, and for how long.

use core::fmt;

use serde::{Deserialize, Serialize};
use wire::lacp::{Lacpdu, PortInfo, State as Bits};
use wire::{Duration, Instant};

use super::counters::bump;
use super::port::{LONG_TIMEOUT, Port, SHORT_TIMEOUT, System, default_partner};
use super::selection::Selected;
use crate::LacpRate;

/// States of the Receive machine. INITIALIZE passes at once into PORT_DISABLED and is not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The link is down.
    PortDisabled,
    /// The partner has been silent; a PDU within Short_Timeout_Time saves it.
    Expired,
    /// The link is half duplex: no LACP.
    LacpDisabled,
    /// The partner does not answer; the administrative default stands for it.
    Defaulted,
    /// The partner's last PDU holds.
    Current,
}

impl State {
    /// The state's name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PortDisabled => "port_disabled",
            Self::Expired => "expired",
            Self::LacpDisabled => "lacp_disabled",
            Self::Defaulted => "defaulted",
            Self::Current => "current",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What moves the Receive machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// port_enabled became false.
    Disabled,
    /// port_enabled is true, and so is LACP_Enabled.
    Enabled,
    /// port_enabled is true, but LACP_Enabled is false.
    EnabledWithoutLacp,
    /// current_while_timer ran out.
    CurrentWhileExpired,
    /// A PDU was received.
    PduReceived,
}

/// The state that the event leads to; None: the event does nothing in this state.
#[must_use]
pub const fn next(state: State, event: Event) -> Option<State> {
    use Event::{CurrentWhileExpired, Disabled, Enabled, EnabledWithoutLacp, PduReceived};
    use State::{Current, Defaulted, Expired, LacpDisabled, PortDisabled};
    match (state, event) {
        // Any state: port_enabled == FALSE.
        (PortDisabled, Disabled) => None,
        (Expired | LacpDisabled | Defaulted | Current, Disabled) => Some(PortDisabled),
        // PORT_DISABLED: port_enabled && LACP_Enabled.
        (PortDisabled | LacpDisabled, Enabled) => Some(Expired),
        (Expired | Defaulted | Current, Enabled) => None,
        // PORT_DISABLED: port_enabled && !LACP_Enabled.
        (LacpDisabled, EnabledWithoutLacp) => None,
        (PortDisabled | Expired | Defaulted | Current, EnabledWithoutLacp) => Some(LacpDisabled),
        // EXPIRED, CURRENT: current_while_timer expired.
        (Current, CurrentWhileExpired) => Some(Expired),
        (Expired, CurrentWhileExpired) => Some(Defaulted),
        (PortDisabled | LacpDisabled | Defaulted, CurrentWhileExpired) => None,
        // EXPIRED, DEFAULTED, CURRENT: CtrlMuxN:M_UNITDATA.indication(LACPDU).
        (Expired | Defaulted | Current, PduReceived) => Some(Current),
        (PortDisabled | LacpDisabled, PduReceived) => None,
    }
}

/// Gives the machine an event other than a PDU.
pub fn step(port: &mut Port, event: Event, now: Instant) {
    let Some(state) = next(port.receive, event) else {
        return;
    };
    if (port.receive, state) == (State::Current, State::Expired) {
        bump(&mut port.counters.expired);
    }
    port.receive = state;
    match state {
        State::PortDisabled => {
            port.partner.state = port.partner.state.without(Bits::SYNCHRONIZATION);
            port.current_while = None;
        }
        State::Expired => {
            let bits = port.partner.state.without(Bits::SYNCHRONIZATION);
            port.partner.state = bits.with(Bits::TIMEOUT);
            port.current_while = Some(now + SHORT_TIMEOUT);
            port.ntt = true;
        }
        State::LacpDisabled | State::Defaulted => {
            update_default_selected(port);
            record_default(port);
            port.current_while = None;
            port.ntt = true;
        }
        // Reached by a PDU only, in `receive`.
        State::Current => {}
    }
}

/// Gives the machine a PDU. Entry to CURRENT: update_Selected, update_NTT, recordPDU.
pub fn receive(port: &mut Port, system: &System, pdu: &Lacpdu, now: Instant) {
    let Some(state) = next(port.receive, Event::PduReceived) else {
        return;
    };
    update_selected(port, &pdu.actor);
    update_ntt(port, system, &pdu.partner);
    record_pdu(port, system, pdu);
    port.receive = state;
    port.current_while = Some(now + timeout(system.rate));
    port.is_heard_out = false;
}

/// How long a PDU holds: as often as we ask for them.
#[must_use]
pub const fn timeout(rate: LacpRate) -> Duration {
    match rate {
        LacpRate::Slow => LONG_TIMEOUT,
        LacpRate::Fast => SHORT_TIMEOUT,
    }
}

/// How much longer a PDU holds at another rate; zero when not longer.
#[must_use]
pub const fn longer(before: LacpRate, now: LacpRate) -> Duration {
    match (before, now) {
        (LacpRate::Fast, LacpRate::Slow) => {
            Duration::from_secs(LONG_TIMEOUT.as_secs() - SHORT_TIMEOUT.as_secs())
        }
        (LacpRate::Fast, LacpRate::Fast) | (LacpRate::Slow, LacpRate::Fast | LacpRate::Slow) => {
            Duration::from_secs(0)
        }
    }
}

/// update_Selected: a partner that is another one, or aggregates otherwise, is selected afresh.
fn update_selected(port: &mut Port, actor: &PortInfo) {
    if !same(actor, &port.partner, Bits::AGGREGATION) {
        port.selected = Selected::Unselected;
    }
}

/// update_Default_Selected: the same against the administrative default.
fn update_default_selected(port: &mut Port) {
    if !same(&default_partner(), &port.partner, Bits::AGGREGATION) {
        port.selected = Selected::Unselected;
    }
}

/// update_NTT: a partner that knows us wrongly is told.
fn update_ntt(port: &mut Port, system: &System, believed: &PortInfo) {
    let compared = Bits::ACTIVITY
        .with(Bits::TIMEOUT)
        .with(Bits::SYNCHRONIZATION)
        .with(Bits::AGGREGATION);
    port.ntt |= !same(believed, &port.actor(system), compared);
}

/// recordPDU: the partner is in sync if it says so of us and one of the two keeps talking.
fn record_pdu(port: &mut Port, system: &System, pdu: &Lacpdu) {
    let is_about_us = same(&pdu.partner, &port.actor(system), Bits::AGGREGATION);
    let is_individual = !pdu.actor.state.contains(Bits::AGGREGATION);
    let is_maintained = pdu.actor.state.contains(Bits::ACTIVITY)
        || (system.is_active && pdu.partner.state.contains(Bits::ACTIVITY));
    port.partner = pdu.actor;
    if !((is_about_us || is_individual) && is_maintained) {
        port.partner.state = port.partner.state.without(Bits::SYNCHRONIZATION);
    }
    port.is_defaulted = false;
}

/// recordDefault.
fn record_default(port: &mut Port) {
    port.partner = default_partner();
    port.is_defaulted = true;
}

/// Whether two say the same of a port, as far as these state bits go.
fn same(a: &PortInfo, b: &PortInfo, compared: Bits) -> bool {
    let identity = |info: &PortInfo| PortInfo {
        state: Bits(info.state.0 & compared.0),
        ..*info
    };
    identity(a) == identity(b)
}

#[cfg(test)]
#[path = "../tests/receive.rs"]
mod tests;
