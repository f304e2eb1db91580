//! The Mux machine: attaches a port to its aggregator and lets frames through.

pub mod coupled;
pub mod independent;

use core::fmt;

use serde::{Deserialize, Serialize};
use wire::Instant;
use wire::lacp::State as Bits;

use super::port::{AGGREGATE_WAIT, Port};
use super::selection::Selected;

/// States of the Mux machine, of both its variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not attached to an aggregator.
    Detached,
    /// Selected; waits so that others can join at the same time.
    Waiting,
    /// In sync with the aggregator; the partner is not yet, or no longer.
    Attached,
    /// Coupled control: frames pass in both directions.
    CollectingDistributing,
    /// Independent control: frames are received; the partner does not receive yet, or no longer.
    Collecting,
    /// Independent control: frames pass in both directions.
    Distributing,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Detached,
        Self::Waiting,
        Self::Attached,
        Self::CollectingDistributing,
        Self::Collecting,
        Self::Distributing,
    ];

    /// The state's name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detached => "detached",
            Self::Waiting => "waiting",
            Self::Attached => "attached",
            Self::CollectingDistributing => "collecting_distributing",
            Self::Collecting => "collecting",
            Self::Distributing => "distributing",
        }
    }

    /// Whether the port is in sync with its aggregator: Actor_Oper_Port_State.Synchronization.
    #[must_use]
    pub const fn is_attached(self) -> bool {
        match self {
            Self::Detached | Self::Waiting => false,
            Self::Attached
            | Self::CollectingDistributing
            | Self::Collecting
            | Self::Distributing => true,
        }
    }

    /// Whether frames are received: Actor_Oper_Port_State.Collecting.
    #[must_use]
    pub const fn is_collecting(self) -> bool {
        match self {
            Self::Detached | Self::Waiting | Self::Attached => false,
            Self::CollectingDistributing | Self::Collecting | Self::Distributing => true,
        }
    }

    /// Whether frames are sent: Actor_Oper_Port_State.Distributing.
    #[must_use]
    pub const fn is_distributing(self) -> bool {
        match self {
            Self::Detached | Self::Waiting | Self::Attached | Self::Collecting => false,
            Self::CollectingDistributing | Self::Distributing => true,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which variant of the machine runs, Linux's `coupled_control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Collecting and distributing at once.
    Coupled,
    /// Collecting first.
    Independent,
}

/// What the machine looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// Selection's verdict.
    pub selected: Selected,
    /// Ready: no port of the aggregator waits any longer.
    pub is_ready: bool,
    /// Partner_Oper_Port_State.Synchronization.
    pub is_partner_in_sync: bool,
    /// Partner_Oper_Port_State.Collecting.
    pub is_partner_collecting: bool,
}

/// Runs the machine one step; true when it moved.
pub fn step(port: &mut Port, control: Control, is_ready: bool, now: Instant) -> bool {
    let input = Input {
        selected: port.selected,
        is_ready,
        is_partner_in_sync: port.partner_has(Bits::SYNCHRONIZATION),
        is_partner_collecting: port.partner_has(Bits::COLLECTING),
    };
    let next = match control {
        Control::Coupled => coupled::next(port.mux, input),
        Control::Independent => independent::next(port.mux, input),
    };
    let Some(state) = next else {
        return false;
    };
    port.mux = state;
    match state {
        State::Waiting => port.wait_while = Some(now + AGGREGATE_WAIT),
        State::Detached => {
            if port.selected == Selected::Unselected {
                port.aggregator = None;
            }
            port.wait_while = None;
            port.ntt = true;
        }
        State::Attached
        | State::CollectingDistributing
        | State::Collecting
        | State::Distributing => {
            port.wait_while = None;
            port.ntt = true;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Control, Input, State, coupled, independent};
    use crate::lacp::selection::Selected;

    /// Where each state goes on one input.
    pub(super) fn row(
        control: Control,
        selected: Selected,
        is_ready: bool,
        is_partner_in_sync: bool,
        is_partner_collecting: bool,
    ) -> [Option<State>; 6] {
        let input = Input {
            selected,
            is_ready,
            is_partner_in_sync,
            is_partner_collecting,
        };
        State::ALL.map(|state| match control {
            Control::Coupled => coupled::next(state, input),
            Control::Independent => independent::next(state, input),
        })
    }
}
