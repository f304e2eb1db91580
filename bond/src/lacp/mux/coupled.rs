//! Coupled control: a port that collects distributes, too.

use super::{Input, State};
use crate::lacp::selection::Selected;

/// The state that the machine goes to; None: it stays. The two states of independent control are
/// left at once: control was independent until now.
#[must_use]
pub const fn next(state: State, input: Input) -> Option<State> {
    use Selected::{Selected as In, Standby, Unselected as Out};
    use State::{Attached, Collecting, CollectingDistributing, Detached, Distributing, Waiting};
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
        (Collecting | Distributing, In) if input.is_partner_in_sync => Some(CollectingDistributing),
        (Collecting | Distributing, Out | In | Standby) => Some(Attached),
    }
}

#[cfg(test)]
mod tests {
    use crate::lacp::mux::tests::row;
    use crate::lacp::mux::{Control, State};
    use crate::lacp::selection::Selected;

    #[test]
    fn every_state_goes_where_the_standard_says_on_every_input() {
        use State::{Attached, CollectingDistributing as Open, Detached, Waiting};
        let go = |selected, ready, sync, col| row(Control::Coupled, selected, ready, sync, col);
        let (wait, att, open) = (Some(Waiting), Some(Attached), Some(Open));
        for bits in 0..8u8 {
            let [ready, sync, col] = [1, 2, 4].map(|bit| bits & bit != 0);
            let out = [None, Some(Detached), Some(Detached), att, att, att];
            assert_eq!(go(Selected::Unselected, ready, sync, col), out, "{bits}");
            let standby = [wait, None, Some(Detached), att, att, att];
            assert_eq!(go(Selected::Standby, ready, sync, col), standby, "{bits}");
            let attach = if ready { att } else { None };
            let chosen = if sync {
                [wait, attach, open, None, open, open]
            } else {
                [wait, attach, None, att, att, att]
            };
            assert_eq!(go(Selected::Selected, ready, sync, col), chosen, "{bits}");
        }
    }
}
