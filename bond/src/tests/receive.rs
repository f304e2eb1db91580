use super::{Event, State, next};

const STATES: [State; 5] = [
    State::PortDisabled,
    State::Expired,
    State::LacpDisabled,
    State::Defaulted,
    State::Current,
];

#[test]
fn every_state_goes_where_the_standard_says_on_every_event() {
    use State::{Current, Defaulted, Expired, LacpDisabled, PortDisabled};
    let off = Some(PortDisabled);
    let table = [
        (Event::Disabled, [None, off, off, off, off]),
        (
            Event::Enabled,
            [Some(Expired), None, Some(Expired), None, None],
        ),
        (
            Event::EnabledWithoutLacp,
            [
                Some(LacpDisabled),
                Some(LacpDisabled),
                None,
                Some(LacpDisabled),
                Some(LacpDisabled),
            ],
        ),
        (
            Event::CurrentWhileExpired,
            [None, Some(Defaulted), None, None, Some(Expired)],
        ),
        (
            Event::PduReceived,
            [None, Some(Current), None, Some(Current), Some(Current)],
        ),
    ];
    for (event, expected) in table {
        assert_eq!(
            STATES.map(|state| next(state, event)),
            expected,
            "{event:?}"
        );
    }
}
