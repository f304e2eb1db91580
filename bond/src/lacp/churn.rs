//! The Churn Detection machines, one for each end: an end that is not in sync for a minute has a
//! fault that no timer mends, such as a key that differs.

use core::fmt;

use serde::{Deserialize, Serialize};
use wire::{Duration, Instant};

/// Churn_Detection_Time.
pub const CHURN_DETECTION: Duration = Duration::from_secs(60);

/// States of a Churn Detection machine, of the actor's and of the partner's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// NO_ACTOR_CHURN, NO_PARTNER_CHURN: the end is in sync.
    NoChurn,
    /// ACTOR_CHURN, PARTNER_CHURN: the end has not come into sync for a minute.
    Churn,
    /// ACTOR_CHURN_MONITOR, PARTNER_CHURN_MONITOR: the end is not in sync yet.
    #[default]
    ChurnMonitor,
}

impl State {
    /// The state's name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoChurn => "no_churn",
            Self::Churn => "churn",
            Self::ChurnMonitor => "churn_monitor",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a machine looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// port_enabled.
    pub is_enabled: bool,
    /// Synchronization of the end that is watched.
    pub is_in_sync: bool,
    /// The churn timer has run out.
    pub is_due: bool,
}

/// The state that the machine goes to; None: it stays.
#[must_use]
pub const fn next(state: State, input: Input) -> Option<State> {
    use State::{Churn, ChurnMonitor, NoChurn};
    match (state, input.is_enabled, input.is_in_sync) {
        // Any state: port_enabled == FALSE.
        (ChurnMonitor, false, _) => None,
        (NoChurn | Churn, false, _) => Some(ChurnMonitor),
        // CHURN_MONITOR: Synchronization; the timer.
        (ChurnMonitor, true, true) => Some(NoChurn),
        (ChurnMonitor, true, false) if input.is_due => Some(Churn),
        (ChurnMonitor, true, false) => None,
        // NO_CHURN: !Synchronization.
        (NoChurn, true, false) => Some(ChurnMonitor),
        (NoChurn, true, true) => None,
        // CHURN: Synchronization.
        (Churn, true, true) => Some(NoChurn),
        (Churn, true, false) => None,
    }
}

/// A machine and its timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its state.
    pub state: State,
    /// When the end counts as churning; runs in CHURN_MONITOR while the port is enabled.
    pub timer: Option<Instant>,
}

impl Machine {
    /// Runs the machine; the state that it went to last, if it moved.
    pub fn step(&mut self, is_enabled: bool, is_in_sync: bool, now: Instant) -> Option<State> {
        let mut moved = None;
        // The longest chain: out of sync for so short a time that nobody saw it.
        for _ in 0..2 {
            let is_due = self.timer.is_some_and(|until| until <= now);
            let input = Input {
                is_enabled,
                is_in_sync,
                is_due,
            };
            let Some(state) = next(self.state, input) else {
                break;
            };
            (self.state, self.timer, moved) = (state, None, Some(state));
        }
        if self.state == State::ChurnMonitor {
            let timer = self.timer.unwrap_or(now + CHURN_DETECTION);
            self.timer = Some(timer).filter(|_| is_enabled);
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::{CHURN_DETECTION, Input, Machine, State, next};
    use wire::{Duration, Instant};

    #[test]
    fn every_churn_state_goes_where_the_standard_says_on_every_input() {
        use State::{Churn, ChurnMonitor as Monitor, NoChurn};
        let row = |is_enabled, is_in_sync, is_due| {
            [NoChurn, Churn, Monitor].map(|state| {
                let input = Input {
                    is_enabled,
                    is_in_sync,
                    is_due,
                };
                next(state, input)
            })
        };
        for (sync, due) in [(false, false), (false, true), (true, false), (true, true)] {
            let off = [Some(Monitor), Some(Monitor), None];
            assert_eq!(row(false, sync, due), off, "{sync} {due}");
        }
        for due in [false, true] {
            assert_eq!(row(true, true, due), [None, Some(NoChurn), Some(NoChurn)]);
        }
        assert_eq!(row(true, false, false), [Some(Monitor), None, None]);
        assert_eq!(row(true, false, true), [Some(Monitor), None, Some(Churn)]);
    }

    #[test]
    fn the_minute_begins_when_the_port_is_enabled_and_again_when_sync_is_lost() {
        let start = Instant::from_nanos(0);
        let second = Duration::from_secs(1);
        let mut machine = Machine::default();
        assert_eq!(machine.step(false, false, start), None);
        assert_eq!(machine.timer, None);
        machine.step(true, false, start + second);
        let due = start + second + CHURN_DETECTION;
        assert_eq!(machine.timer, Some(due));
        assert_eq!(machine.step(true, false, due - second), None);
        assert_eq!(machine.step(true, false, due), Some(State::Churn));
        assert_eq!(machine.step(true, true, due), Some(State::NoChurn));
        let lost = due + second;
        assert_eq!(machine.step(true, false, lost), Some(State::ChurnMonitor));
        assert_eq!(machine.timer, Some(lost + CHURN_DETECTION));
    }
}
