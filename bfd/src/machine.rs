//! The state machine (RFC 5880 6.2), in the words of 6.8.4, 6.8.6 and 6.8.16.

use wire::bfd::{Diagnostic, State};

/// What moves a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A packet with this state was received.
    Received(State),
    /// The Detection Time passed without a packet.
    Expired,
    /// The operator enables the session.
    Enable,
    /// The operator disables the session.
    Disable,
}

/// Where a session goes, and the diagnostic that it has from then on; None: it stays as it is.
#[must_use]
pub const fn next(state: State, trigger: Trigger) -> Option<(State, Diagnostic)> {
    use State::{AdminDown, Down, Init, Up};
    use Trigger::{Disable, Enable, Expired, Received};
    match (state, trigger) {
        // 6.8.6: a session that is AdminDown discards what it receives.
        (AdminDown, Received(AdminDown | Down | Init | Up)) => None,
        // 6.8.6: received state is AdminDown, and the session is not Down.
        (Init | Up, Received(AdminDown)) => Some((Down, Diagnostic::NEIGHBOR_SIGNALED_DOWN)),
        (Down, Received(AdminDown)) => None,
        // 6.8.6: the session is Down.
        (Down, Received(Down)) => Some((Init, Diagnostic::NONE)),
        (Down, Received(Init)) => Some((Up, Diagnostic::NONE)),
        (Down, Received(Up)) => None,
        // 6.8.6: the session is Init.
        (Init, Received(Init | Up)) => Some((Up, Diagnostic::NONE)),
        (Init, Received(Down)) => None,
        // 6.8.6: the session is Up.
        (Up, Received(Down)) => Some((Down, Diagnostic::NEIGHBOR_SIGNALED_DOWN)),
        (Up, Received(Init | Up)) => None,
        // 6.8.4: the Detection Time passed in Init or Up.
        (Init | Up, Expired) => Some((Down, Diagnostic::DETECTION_TIME_EXPIRED)),
        (AdminDown | Down, Expired) => None,
        // 6.8.16: enabling.
        (AdminDown, Enable) => Some((Down, Diagnostic::NONE)),
        (Down | Init | Up, Enable) => None,
        // 6.8.16: disabling.
        (Down | Init | Up, Disable) => Some((AdminDown, Diagnostic::ADMINISTRATIVELY_DOWN)),
        (AdminDown, Disable) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Trigger, next};
    use wire::bfd::State::{self, AdminDown, Down, Init, Up};

    const STATES: [State; 4] = [AdminDown, Down, Init, Up];

    /// Where each state goes by a trigger, with the diagnostic's number.
    fn row(trigger: Trigger) -> [Option<(State, u8)>; 4] {
        STATES.map(|state| next(state, trigger).map(|(to, why)| (to, why.number())))
    }

    #[test]
    fn every_state_goes_where_the_standard_says_and_nowhere_else() {
        let down = Some((Down, 3));
        let received = |state| row(Trigger::Received(state));
        assert_eq!(received(AdminDown), [None, None, down, down]);
        assert_eq!(received(Down), [None, Some((Init, 0)), None, down]);
        assert_eq!(received(Init), [None, Some((Up, 0)), Some((Up, 0)), None]);
        assert_eq!(received(Up), [None, None, Some((Up, 0)), None]);
        let expired = Some((Down, 1));
        assert_eq!(row(Trigger::Expired), [None, None, expired, expired]);
        assert_eq!(row(Trigger::Enable), [Some((Down, 0)), None, None, None]);
        let disabled = Some((AdminDown, 7));
        assert_eq!(row(Trigger::Disable), [None, disabled, disabled, disabled]);
    }
}
