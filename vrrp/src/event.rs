//! What the engine tells its host to log.

use core::fmt;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use wire::Duration;

use crate::config::Centiseconds;
use crate::status::State;

/// Why a virtual router changed its state: a closed list, for log, metrics and console alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The interface has carrier and address: the protocol begins.
    Startup,
    /// The same, for the owner of the addresses.
    Owner,
    /// The lease of before the restart still held.
    Resumed,
    /// Nobody was heard for Active_Down_Interval.
    ActiveDownTimer,
    /// The Active router left with priority 0, and nobody else was heard for Skew_Time.
    PriorityZero,
    /// Nobody was heard while the forwarder stood still, and now it goes on.
    ForwarderAlive,
    /// The forwarder stands still.
    ForwarderStale,
    /// An Active router of higher priority was heard.
    HigherPriority,
    /// An Active router of the same priority and higher address was heard.
    HigherAddress,
    /// This box slept until its lease had ended: it listens before it speaks.
    LeaseExpired,
    /// The interface lost its carrier or its address.
    InterfaceDown,
    /// An orderly stop.
    Shutdown,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The state changed.
    Transition {
        /// From this state.
        from: State,
        /// To this one.
        to: State,
        /// Why.
        reason: Reason,
    },
    /// The priority that counts is another one, because services died or live again.
    Priority {
        /// What it was.
        from: u8,
        /// What it is.
        to: u8,
    },
    /// The Active router sends at another interval than is configured here (RFC 5798 5.2.7).
    IntervalDiffers {
        /// The sender.
        source: IpAddr,
        /// Its interval.
        theirs: Centiseconds,
        /// Ours.
        ours: Centiseconds,
    },
    /// The Active router stands for other addresses than are configured here (RFC 5798 7.1).
    AddressesDiffer {
        /// The sender.
        source: IpAddr,
    },
    /// Another router says that it, too, owns the addresses.
    SecondOwner {
        /// The sender.
        source: IpAddr,
    },
    /// While Active, another Active router was heard that has to yield.
    SecondActive {
        /// The sender.
        source: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// An advert from our own address: a loop, or another station has our address.
    OwnFrame {
        /// The address.
        source: IpAddr,
    },
    /// The Active_Down_Timer was looked at too late to mean anything: it runs once more.
    Late {
        /// By so much.
        by: Duration,
    },
    /// The Active_Down_Timer ran out, but the forwarder stands still.
    Withheld,
}

impl Reason {
    /// The reason's word, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Owner => "owner",
            Self::Resumed => "resumed",
            Self::ActiveDownTimer => "active_down_timer",
            Self::PriorityZero => "priority_zero",
            Self::ForwarderAlive => "forwarder_alive",
            Self::ForwarderStale => "forwarder_stale",
            Self::HigherPriority => "higher_priority",
            Self::HigherAddress => "higher_address",
            Self::LeaseExpired => "lease_expired",
            Self::InterfaceDown => "interface_down",
            Self::Shutdown => "shutdown",
        }
    }

    /// The reason in words.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Startup => "the interface is up",
            Self::Owner => "it owns the addresses",
            Self::Resumed => "its lease still held after a restart",
            Self::ActiveDownTimer => "nobody was heard for Active_Down_Interval",
            Self::PriorityZero => "the Active router left",
            Self::ForwarderAlive => "the forwarder goes on and nobody is heard",
            Self::ForwarderStale => "the forwarder stands still",
            Self::HigherPriority => "a router of higher priority is Active",
            Self::HigherAddress => "a router of the same priority and higher address is Active",
            Self::LeaseExpired => "it slept past its lease",
            Self::InterfaceDown => "the interface is down or has no address",
            Self::Shutdown => "it was stopped",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Event {
    /// Whether a peer can cause this as often as it likes.
    #[must_use]
    pub const fn is_peer_driven(&self) -> bool {
        match self {
            Self::Transition { reason, .. } => matches!(
                reason,
                Reason::HigherPriority | Reason::HigherAddress | Reason::PriorityZero
            ),
            Self::IntervalDiffers { .. }
            | Self::AddressesDiffer { .. }
            | Self::SecondOwner { .. }
            | Self::SecondActive { .. }
            | Self::OwnFrame { .. } => true,
            Self::Priority { .. } | Self::Late { .. } | Self::Withheld => false,
        }
    }
}

/// What happened, without the virtual router's name, which the host knows.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Transition { from, to, reason } => {
                write!(f, "{from} to {to}: {}", reason.sentence())
            }
            Self::Priority { from, to } => write!(f, "priority {from} is now {to}"),
            Self::IntervalDiffers {
                source,
                theirs,
                ours,
            } => {
                let (theirs, ours) = (theirs.duration(), ours.duration());
                write!(
                    f,
                    "{source} advertises every {theirs}, this box every {ours}"
                )
            }
            Self::AddressesDiffer { source } => {
                write!(
                    f,
                    "{source} advertises other addresses than are configured here"
                )
            }
            Self::SecondOwner { source } => {
                write!(f, "{source} too owns the addresses: priority 255")
            }
            Self::SecondActive { source, priority } => {
                write!(
                    f,
                    "{source} is Active too, with priority {priority}, and has to yield"
                )
            }
            Self::OwnFrame { source } => {
                write!(
                    f,
                    "an advert from our own address {source}: a loop or a duplicate address"
                )
            }
            Self::Late { by } => write!(f, "looked {by} too late: listens once more"),
            Self::Withheld => f.write_str("nobody is heard, but the forwarder stands still"),
        }
    }
}
