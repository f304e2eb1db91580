//! The Periodic Transmission machine: so that the partner does not take us for silent.

use core::fmt;

use serde::{Deserialize, Serialize};
use wire::lacp::State as Bits;
use wire::{Duration, Instant};

use super::port::{Port, System};

/// States of the Periodic Transmission machine. PERIODIC_TX passes at once and is not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No periodic PDUs.
    NoPeriodic,
    /// The partner asks for a PDU every second.
    FastPeriodic,
    /// The partner asks for a PDU every 30 seconds.
    SlowPeriodic,
}

impl State {
    /// The state's name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPeriodic => "no_periodic",
            Self::FastPeriodic => "fast_periodic",
            Self::SlowPeriodic => "slow_periodic",
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
    /// The port is enabled, runs LACP, and one of the two sides is active.
    pub is_wanted: bool,
    /// The partner's timeout is short.
    pub is_short: bool,
    /// periodic_timer has run out.
    pub is_due: bool,
}

/// What the machine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Another state, its timer started.
    Enter(State),
    /// Through PERIODIC_TX, which sets NTT, into a state with its timer started.
    Transmit(State),
}

/// A PDU a second is asked for; sent a little sooner, so that jitter does not make it late.
const FAST: Duration = Duration::from_millis(900);
/// A PDU every 30 seconds is asked for.
const SLOW: Duration = Duration::from_secs(29);

/// What the machine does in this state on this input.
#[must_use]
pub const fn next(state: State, input: Input) -> Step {
    let Input {
        is_wanted,
        is_short,
        is_due,
    } = input;
    let asked = if is_short {
        State::FastPeriodic
    } else {
        State::SlowPeriodic
    };
    match (state, is_wanted) {
        (State::NoPeriodic, false) => Step::Stay,
        // Any state: LACP disabled, port disabled, or both sides passive.
        (State::FastPeriodic | State::SlowPeriodic, false) => Step::Enter(State::NoPeriodic),
        // NO_PERIODIC: UCT.
        (State::NoPeriodic, true) => Step::Enter(State::FastPeriodic),
        // FAST_PERIODIC: the timer; the partner's long timeout.
        (State::FastPeriodic, true) if is_due => Step::Transmit(asked),
        (State::FastPeriodic, true) if !is_short => Step::Enter(State::SlowPeriodic),
        // SLOW_PERIODIC: the timer; the partner's short timeout is answered at once.
        (State::SlowPeriodic, true) if is_due || is_short => Step::Transmit(asked),
        (State::FastPeriodic | State::SlowPeriodic, true) => Step::Stay,
    }
}

/// Runs the machine; true when it moved.
pub fn step(port: &mut Port, system: &System, now: Instant) -> bool {
    let speaks = system.is_active || port.partner_has(Bits::ACTIVITY);
    let input = Input {
        is_wanted: port.is_enabled && port.is_lacp_enabled() && speaks,
        is_short: port.partner_has(Bits::TIMEOUT),
        is_due: port.periodic_timer.is_some_and(|due| due <= now),
    };
    let state = match next(port.periodic, input) {
        Step::Stay => return false,
        Step::Enter(state) => state,
        Step::Transmit(state) => {
            port.ntt = true;
            state
        }
    };
    port.periodic = state;
    port.periodic_timer = match state {
        State::NoPeriodic => None,
        State::FastPeriodic => Some(now + FAST),
        State::SlowPeriodic => Some(now + SLOW),
    };
    true
}

#[cfg(test)]
mod tests {
    use super::{Input, State, Step, next};

    const STATES: [State; 3] = [State::NoPeriodic, State::FastPeriodic, State::SlowPeriodic];

    fn row(is_wanted: bool, is_short: bool, is_due: bool) -> [Step; 3] {
        STATES.map(|state| {
            next(
                state,
                Input {
                    is_wanted,
                    is_short,
                    is_due,
                },
            )
        })
    }

    #[test]
    fn every_state_takes_the_standards_step_on_every_input() {
        use State::{FastPeriodic as Fast, NoPeriodic, SlowPeriodic as Slow};
        use Step::{Enter, Stay, Transmit};
        for (short, due) in [(false, false), (false, true), (true, false), (true, true)] {
            let ends = [Stay, Enter(NoPeriodic), Enter(NoPeriodic)];
            assert_eq!(row(false, short, due), ends, "{short} {due}");
        }
        assert_eq!(row(true, false, false), [Enter(Fast), Enter(Slow), Stay]);
        assert_eq!(
            row(true, false, true),
            [Enter(Fast), Transmit(Slow), Transmit(Slow)]
        );
        assert_eq!(row(true, true, false), [Enter(Fast), Stay, Transmit(Fast)]);
        assert_eq!(
            row(true, true, true),
            [Enter(Fast), Transmit(Fast), Transmit(Fast)]
        );
    }
}
