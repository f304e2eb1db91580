//! Independent control: a port collects first, and distributes when its partner collects.

use super::{Input, State};
use crate::lacp::selection::Selected;

/// The state that the machine goes to; None: it stays. The state of coupled control is left at
/// once: control was coupled until now.
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
        (Attached, In) if input.is_partner_in_sync => Some(Collecting),
        (Attached, In) => None,
        // COLLECTING: Selected == UNSELECTED || STANDBY || !Partner.Sync;
        // SELECTED && Partner.Sync && Partner.Collecting.
        (Collecting, Out | Standby) => Some(Attached),
        (Collecting, In) if !input.is_partner_in_sync => Some(Attached),
        (Collecting, In) if input.is_partner_collecting => Some(Distributing),
        (Collecting, In) => None,
        // DISTRIBUTING: Selected == UNSELECTED || STANDBY || !Partner.Sync || !Partner.Collecting.
        (Distributing, Out | Standby) => Some(Collecting),
        (Distributing, In) if !(input.is_partner_in_sync && input.is_partner_collecting) => {
            Some(Collecting)
        }
        (Distributing, In) => None,
        (CollectingDistributing, Out | In | Standby) => Some(Distributing),
    }
}

#[cfg(test)]
mod tests {
    use crate::lacp::mux::tests::row;
    use crate::lacp::mux::{Control, State};
    use crate::lacp::selection::Selected;

    #[test]
    fn every_state_of_independent_control_goes_where_the_standard_says_on_every_input() {
        use State::{Attached, Collecting, Detached, Distributing, Waiting};
        let go = |selected, ready, sync, col| row(Control::Independent, selected, ready, sync, col);
        let (wait, att) = (Some(Waiting), Some(Attached));
        let (col, dis) = (Some(Collecting), Some(Distributing));
        for bits in 0..8u8 {
            let [ready, sync, collects] = [1, 2, 4].map(|bit| bits & bit != 0);
            let go = |selected| go(selected, ready, sync, collects);
            let out = [None, Some(Detached), Some(Detached), dis, att, col];
            assert_eq!(go(Selected::Unselected), out, "{bits}");
            let standby = [wait, None, Some(Detached), dis, att, col];
            assert_eq!(go(Selected::Standby), standby, "{bits}");
            let attach = if ready { att } else { None };
            let chosen = match (sync, collects) {
                (true, true) => [wait, attach, col, dis, dis, None],
                (true, false) => [wait, attach, col, dis, None, col],
                (false, _) => [wait, attach, None, dis, att, col],
            };
            assert_eq!(go(Selected::Selected), chosen, "{bits}");
        }
    }
}
