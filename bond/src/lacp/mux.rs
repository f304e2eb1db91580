//! The Mux machine (coupled control): attaches a port to its aggregator and lets frames through.

use core::fmt;

use serde::{Deserialize, Serialize};
use wire::Instant;
use wire::lacp::State as Bits;

use super::port::{AGGREGATE_WAIT, Port};
use super::selection::Selected;

/// States of the Mux machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not attached to an aggregator.
    Detached,
    /// Selected; waits so that others can join at the same time.
    Waiting,
    /// In sync with the aggregator; the partner is not yet, or no longer.
    Attached,
    /// Frames pass in both directions.
    CollectingDistributing,
}

impl State {
    /// The state's name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detached => "detached",
            Self::Waiting => "waiting",
            Self::Attached => "attached",
            Self::CollectingDistributing => "collecting_distributing",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
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
}

/// The state that the machine goes to; None: it stays.
#[must_use]
pub const fn next(state: State, input: Input) -> Option<State> {
    use Selected::{Selected as In, Standby, Unselected as Out};
    use State::{Attached, CollectingDistributing, Detached, Waiting};
    match (state, input.selected) {
        // DETACHED: Selected == SELECTED || Selected == STANDBY.
        (Detached, In | Standby) => Some(Waiting),
        (Detached, Out) => None,
        // WAITING: Selected == UNSELECTED; Selected == SELECTED && Ready.
        (Waiting, Out) => Some(Detached),
        (Waiting, In) if input.is_ready => Some(Attached),
        (Waiting, In | Standby) => None,
        // ATTACHED: Selected == UNSELECTED || STANDBY; SELECTED && Partner.Sync.
        (Attached, Out | Standby) => Some(Detached),
        (Attached, In) if input.is_partner_in_sync => Some(CollectingDistributing),
        (Attached, In) => None,
        // COLLECTING_DISTRIBUTING: Selected == UNSELECTED || STANDBY || !Partner.Sync.
        (CollectingDistributing, Out | Standby) => Some(Attached),
        (CollectingDistributing, In) if !input.is_partner_in_sync => Some(Attached),
        (CollectingDistributing, In) => None,
    }
}

/// Runs the machine one step; true when it moved.
pub fn step(port: &mut Port, is_ready: bool, now: Instant) -> bool {
    let input = Input {
        selected: port.selected,
        is_ready,
        is_partner_in_sync: port.partner_has(Bits::SYNCHRONIZATION),
    };
    let Some(state) = next(port.mux, input) else {
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
        State::Attached | State::CollectingDistributing => {
            port.wait_while = None;
            port.ntt = true;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Input, Selected, State, next};

    #[test]
    fn every_state_goes_where_the_standard_says_on_every_input() {
        use State::{Attached, CollectingDistributing as Open, Detached, Waiting};
        let go = |selected, is_ready, is_partner_in_sync| {
            let input = Input {
                selected,
                is_ready,
                is_partner_in_sync,
            };
            [Detached, Waiting, Attached, Open].map(|state| next(state, input))
        };
        let wait = Some(Waiting);
        for (ready, sync) in [(false, false), (false, true), (true, false), (true, true)] {
            let out = [None, Some(Detached), Some(Detached), Some(Attached)];
            assert_eq!(go(Selected::Unselected, ready, sync), out, "{ready} {sync}");
            let standby = [wait, None, Some(Detached), Some(Attached)];
            assert_eq!(
                go(Selected::Standby, ready, sync),
                standby,
                "{ready} {sync}"
            );
        }
        let go = |ready, sync| go(Selected::Selected, ready, sync);
        assert_eq!(go(false, false), [wait, None, None, Some(Attached)]);
        assert_eq!(go(false, true), [wait, None, Some(Open), None]);
        assert_eq!(
            go(true, false),
            [wait, Some(Attached), None, Some(Attached)]
        );
        assert_eq!(go(true, true), [wait, Some(Attached), Some(Open), None]);
    }
}
