//! The whole table: every event in every state, with Preempt_Mode off and on.

use super::Event::{self, *};
use super::Role::{self, *};
use super::Step::{self, *};
use super::next;
use crate::event::Reason;
use crate::status::State;

const ROLES: [Role; 5] = [Initialize, Backup, Active, Leaving, Gone];

const CLAIM: Step = Claim(Reason::ActiveDownTimer);
const OWNER: Step = Claim(Reason::Owner);
const RESUME: Step = Claim(Reason::Resumed);
const HIGHER: Step = Yield(Reason::HigherPriority);
const ADDRESS: Step = Yield(Reason::HigherAddress);

/// A row: an event, and its steps in the order of `ROLES`, without preemption.
type Row = (Event, [Step; 5]);

#[rustfmt::skip]
const TABLE: [Row; 17] = [
    //                                 Initialize  Backup    Active     Leaving   Gone
    (Startup,                         [Watch,      Ignore,   Ignore,    Ignore,   Ignore]),
    (StartupOwner,                    [OWNER,      Ignore,   Ignore,    Ignore,   Ignore]),
    (Resume,                          [RESUME,     RESUME,   Ignore,    Ignore,   Ignore]),
    (InterfaceDown,                   [Ignore,     Sleep,    Sleep,     Release,  Ignore]),
    (Shutdown,                        [Stop,       Stop,     Leave,     Ignore,   Ignore]),
    (ActiveDownTimer,                 [Ignore,     CLAIM,    Ignore,    Ignore,   Ignore]),
    (AdverTimer,                      [Ignore,     Ignore,   Advertise, Ignore,   Ignore]),
    (LeaseExpired,                    [Ignore,     Ignore,   Doubt,     Release,  Ignore]),
    (ForwarderStale,                  [Ignore,     Ignore,   Resign,    Release,  Ignore]),
    (PriorityZero { own: false },     [Ignore,     Hurry,    Advertise, Ignore,   Ignore]),
    (PriorityZero { own: true },      [Ignore,     OwnFrame, OwnFrame,  Ignore,   Ignore]),
    (HigherPriority,                  [Ignore,     Follow,   HIGHER,    Relieved, Ignore]),
    (HigherAddress,                   [Ignore,     Follow,   ADDRESS,   Relieved, Ignore]),
    (SameAddress,                     [Ignore,     Follow,   OwnFrame,  Ignore,   Ignore]),
    (LowerAddress,                    [Ignore,     Follow,   Assert,    Relieved, Ignore]),
    (LowerPriority { own: false },    [Ignore,     Follow,   Assert,    Relieved, Ignore]),
    (LowerPriority { own: true },     [Ignore,     Follow,   OwnFrame,  Ignore,   Ignore]),
];

#[test]
fn every_event_does_in_every_state_what_the_standard_says() {
    for (event, steps) in TABLE {
        for (role, step) in ROLES.into_iter().zip(steps) {
            assert_eq!(next(role, event, false), step, "{role:?}, {event:?}");
        }
    }
}

#[test]
fn preemption_changes_one_thing_a_backup_discards_what_loses() {
    for (event, steps) in TABLE {
        for (role, step) in ROLES.into_iter().zip(steps) {
            let is_that = role == Backup && matches!(event, LowerPriority { .. });
            let expected = if is_that { Discard } else { step };
            assert_eq!(next(role, event, true), expected, "{role:?}, {event:?}");
        }
    }
}

#[test]
fn whoever_left_is_in_the_standards_initialize() {
    let states = ROLES.map(Role::state);
    let [initialize, backup, active, leaving, gone] = states;
    assert_eq!((backup, active), (State::Backup, State::Active));
    assert_eq!([initialize, leaving, gone], [State::Initialize; 3]);
}
