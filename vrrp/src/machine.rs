//! The state machine of RFC 5798 6.4 as a table: which event does what in which state.
//!
//! Beyond the standard's are the two ways to be out after a stop ([`Role::Leaving`],
//! [`Role::Gone`]), the events of forwarder and lease, and what RFC 9568 6.4.3 adds: an advert that
//! loses is answered at once.

use crate::event::Reason;
use crate::status::State;

/// Where the machine stands, without its timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Initialize, waiting for Startup.
    Initialize,
    /// Watching the Active router.
    Backup,
    /// The Active router.
    Active,
    /// Initialize after a stop while Active: it serves until another router has taken over.
    Leaving,
    /// Initialize after a stop: nothing starts it again.
    Gone,
}

/// What moves the machine. Adverts are compared with the local priority, and with the local
/// address where priorities are equal; `own`: from our own address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The interface is up, and the priority is less than 255.
    Startup,
    /// The interface is up, and the priority is 255.
    StartupOwner,
    /// The lease of before a restart holds.
    Resume,
    /// The interface is down or has no address.
    InterfaceDown,
    /// An orderly stop.
    Shutdown,
    /// Active_Down_Timer fires.
    ActiveDownTimer,
    /// Adver_Timer fires.
    AdverTimer,
    /// The lease is over.
    LeaseExpired,
    /// The forwarder stands still.
    ForwarderStale,
    /// An advert of priority 0.
    PriorityZero { own: bool },
    /// An advert of higher priority.
    HigherPriority,
    /// An advert of equal priority from a higher address.
    HigherAddress,
    /// An advert of equal priority from our own address.
    SameAddress,
    /// An advert of equal priority from a lower address.
    LowerAddress,
    /// An advert of lower priority.
    LowerPriority { own: bool },
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Ignore,
    /// Backup, with Active_Down_Timer at Active_Down_Interval of our own interval.
    Watch,
    /// Advert, announcements, Adver_Timer: Active.
    Claim(Reason),
    /// The sender's interval is learnt, Active_Down_Timer starts anew.
    Follow,
    /// Active_Down_Timer is set to Skew_Time.
    Hurry,
    /// The advert is discarded: its sender shall be preempted.
    Discard,
    /// An advert; Adver_Timer starts anew.
    Advertise,
    /// An advert at once and announcements: the sender has to yield.
    Assert,
    /// The advert is our own or a duplicate address's: it is counted.
    OwnFrame,
    /// As `Follow`, from Active to Backup.
    Yield(Reason),
    /// An advert of priority 0; then as `Watch`.
    Resign,
    /// As `Watch`, without a word: whoever is Active now is heard first.
    Doubt,
    /// Initialize, without a word.
    Sleep,
    /// Gone, without a word.
    Stop,
    /// An advert of priority 0; then Leaving.
    Leave,
    /// Leaving, for a little while longer: another router has taken over.
    Relieved,
    /// From Leaving to Gone.
    Release,
}

impl Role {
    /// The standard's state.
    pub const fn state(self) -> State {
        match self {
            Self::Initialize | Self::Leaving | Self::Gone => State::Initialize,
            Self::Backup => State::Backup,
            Self::Active => State::Active,
        }
    }
}

/// What the event does in this state. `preempt`: Preempt_Mode, or the priority is 255.
pub const fn next(role: Role, event: Event, preempt: bool) -> Step {
    use Event::{
        ActiveDownTimer, AdverTimer, ForwarderStale, HigherAddress, HigherPriority, InterfaceDown,
        LeaseExpired, LowerAddress, LowerPriority, PriorityZero, Resume, SameAddress, Shutdown,
        Startup, StartupOwner,
    };
    use Role::{Active, Backup, Gone, Initialize, Leaving};
    match (role, event) {
        // 6.4.1 (155)-(165).
        (Initialize, Startup) => Step::Watch,
        // 6.4.1 (110)-(145).
        (Initialize, StartupOwner) => Step::Claim(Reason::Owner),
        // Ours: it was Active when it was killed, and for all others it is.
        (Initialize | Backup, Resume) => Step::Claim(Reason::Resumed),
        // 6.4.1 knows no other event; a stop ends the waiting.
        (Initialize | Backup, Shutdown) => Step::Stop, // Backup: 6.4.2 (350)-(355).
        (
            Initialize,
            InterfaceDown
            | ActiveDownTimer
            | AdverTimer
            | LeaseExpired
            | ForwarderStale
            | PriorityZero { .. }
            | HigherPriority
            | HigherAddress
            | SameAddress
            | LowerAddress
            | LowerPriority { .. },
        ) => Step::Ignore,

        // 6.4.2 (370)-(410).
        (Backup, ActiveDownTimer) => Step::Claim(Reason::ActiveDownTimer),
        // 6.4.2 (430); our own farewell that comes back is none.
        (Backup, PriorityZero { own: false }) => Step::Hurry,
        (Backup | Active, PriorityZero { own: true }) => Step::OwnFrame,
        // 6.4.2 (450)-(460): the priority is greater or equal.
        (Backup, HigherPriority | HigherAddress | SameAddress | LowerAddress) => Step::Follow,
        // 6.4.2 (445): Preempt_Mode is False.
        (Backup, LowerPriority { .. }) if !preempt => Step::Follow,
        // 6.4.2 (470).
        (Backup, LowerPriority { .. }) => Step::Discard,
        // No interface, no virtual router; nothing can be sent.
        (Backup | Active, InterfaceDown) => Step::Sleep,
        (Backup, Startup | StartupOwner | AdverTimer | LeaseExpired | ForwarderStale) => {
            Step::Ignore
        }

        // 6.4.3 (660)-(670).
        (Active, Shutdown) => Step::Leave,
        // 6.4.3 (685)-(690).
        (Active, AdverTimer) => Step::Advertise,
        // 6.4.3 (710)-(715).
        (Active, PriorityZero { own: false }) => Step::Advertise,
        // 6.4.3 (740)-(765).
        (Active, HigherPriority) => Step::Yield(Reason::HigherPriority),
        (Active, HigherAddress) => Step::Yield(Reason::HigherAddress),
        // 6.4.3 (775); RFC 9568 6.4.3: an advert at once, for the sender and for bridges.
        (Active, LowerAddress | LowerPriority { own: false }) => Step::Assert,
        // 6.4.3 (775). Not answered: a loop would answer for ever.
        (Active, SameAddress | LowerPriority { own: true }) => Step::OwnFrame,
        // Ours: a router that does not forward is none.
        (Active, ForwarderStale) => Step::Resign,
        // Ours: others have waited for Active_Down_Interval and may be Active by now.
        (Active, LeaseExpired) => Step::Doubt,
        (Active, Startup | StartupOwner | Resume | ActiveDownTimer) => Step::Ignore,

        // Ours: somebody serves.
        (Leaving, HigherPriority | HigherAddress | LowerAddress | LowerPriority { own: false }) => {
            Step::Relieved
        }
        // Ours: nobody can wait any longer, or we cannot serve.
        (Leaving, LeaseExpired | InterfaceDown | ForwarderStale) => Step::Release,
        (
            Leaving,
            Startup
            | StartupOwner
            | Resume
            | Shutdown
            | ActiveDownTimer
            | AdverTimer
            | PriorityZero { .. }
            | SameAddress
            | LowerPriority { own: true },
        )
        | (
            Gone,
            Startup
            | StartupOwner
            | Resume
            | InterfaceDown
            | Shutdown
            | ActiveDownTimer
            | AdverTimer
            | LeaseExpired
            | ForwarderStale
            | PriorityZero { .. }
            | HigherPriority
            | HigherAddress
            | SameAddress
            | LowerAddress
            | LowerPriority { .. },
        ) => Step::Ignore,
    }
}

#[cfg(test)]
#[path = "tests/machine.rs"]
mod tests;
