//! What an engine tells its host to log.

use core::fmt;

use wire::Mac;

use crate::Forwarder;
use crate::lacp::{mux, receive};

/// An end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// We.
    Actor,
    /// The other.
    Partner,
}

/// Something that happened. Members are named by their place in the bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A member's carrier came or went.
    Carrier {
        /// The member.
        member: usize,
        /// Whether it has carrier.
        carrier: bool,
    },
    /// A member carries traffic, or does no longer.
    Usable {
        /// The member.
        member: usize,
        /// Whether it carries traffic.
        usable: bool,
    },
    /// The monitor's verdict: somebody answers by a member, or nobody does any longer.
    Heard {
        /// The member.
        member: usize,
        /// Whether somebody answers.
        heard: bool,
    },
    /// A member came and went too often and is held from use, or is so no longer.
    Damped {
        /// The member.
        member: usize,
        /// Whether it is held.
        damped: bool,
    },
    /// Another member is active.
    Active {
        /// The active member; none: no member is usable.
        member: Option<usize>,
    },
    /// A Receive machine moved.
    Receive {
        /// The member.
        member: usize,
        /// The machine's state.
        state: receive::State,
    },
    /// A Mux machine moved.
    Mux {
        /// The member.
        member: usize,
        /// The machine's state.
        state: mux::State,
    },
    /// Another partner answers on a member.
    Partner {
        /// The member.
        member: usize,
        /// The partner's system.
        system: Mac,
        /// The partner's key.
        key: u16,
    },
    /// Another aggregator carries the traffic.
    Aggregator {
        /// Its number; none: no partner answers.
        number: Option<u8>,
    },
    /// Another member carries the traffic because no partner answers; none: no longer.
    Fallback {
        /// The member.
        member: Option<usize>,
    },
    /// An end has not been in sync for a minute, or is again.
    Churn {
        /// The member.
        member: usize,
        /// The end.
        end: End,
        /// Whether it churns.
        churns: bool,
    },
    /// A PDU of our own system came back.
    Loopback {
        /// The member.
        member: usize,
    },
    /// A slow-protocol frame was malformed.
    Illegal {
        /// The member.
        member: usize,
    },
    /// The forwarder stopped or resumed.
    Forwarder {
        /// Its state.
        state: Forwarder,
    },
    /// The bond as a whole can carry traffic, or can no longer.
    BondCarrier {
        /// Whether it can.
        carrier: bool,
    },
}

impl Event {
    /// The member that the event is about.
    #[must_use]
    pub const fn member(&self) -> Option<usize> {
        match self {
            Self::Carrier { member, .. }
            | Self::Usable { member, .. }
            | Self::Heard { member, .. }
            | Self::Damped { member, .. }
            | Self::Receive { member, .. }
            | Self::Mux { member, .. }
            | Self::Partner { member, .. }
            | Self::Churn { member, .. }
            | Self::Loopback { member }
            | Self::Illegal { member } => Some(*member),
            Self::Active { member } | Self::Fallback { member } => *member,
            Self::Aggregator { .. } | Self::Forwarder { .. } | Self::BondCarrier { .. } => None,
        }
    }

    /// Whether a peer can cause this as often as it likes.
    #[must_use]
    pub const fn is_peer_driven(&self) -> bool {
        match self {
            Self::Receive { .. }
            | Self::Mux { .. }
            | Self::Partner { .. }
            | Self::Aggregator { .. }
            | Self::Fallback { .. }
            | Self::Churn { .. }
            | Self::Loopback { .. }
            | Self::Illegal { .. }
            | Self::Usable { .. }
            | Self::Heard { .. }
            | Self::Damped { .. }
            | Self::BondCarrier { .. } => true,
            Self::Carrier { .. } | Self::Active { .. } | Self::Forwarder { .. } => false,
        }
    }
}

/// What happened, without the member's name, which the host knows.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whether = |yes: bool, word: &str, not: &str, f: &mut fmt::Formatter<'_>| {
            f.write_str(if yes { word } else { not })
        };
        match *self {
            Self::Carrier { carrier, .. } => whether(carrier, "carrier", "no carrier", f),
            Self::Usable { usable, .. } => whether(usable, "usable", "not usable", f),
            Self::Heard { heard, .. } => whether(heard, "answers again", "nobody answers", f),
            Self::Damped { damped, .. } => whether(damped, "damped", "damped no longer", f),
            Self::Active { member: Some(_) } => f.write_str("active"),
            Self::Active { member: None } => f.write_str("no member is active"),
            Self::Receive { state, .. } => write!(f, "receive machine {state}"),
            Self::Mux { state, .. } => write!(f, "mux machine {state}"),
            Self::Partner { system, key, .. } => write!(f, "partner {system} key {key}"),
            Self::Aggregator {
                number: Some(number),
            } => write!(f, "aggregator {number} is active"),
            Self::Aggregator { number: None } => f.write_str("no aggregator is active"),
            Self::Fallback { member: Some(_) } => f.write_str("carries traffic without a partner"),
            Self::Fallback { member: None } => {
                f.write_str("no member carries traffic without a partner")
            }
            Self::Churn { end, churns, .. } => {
                let end = match end {
                    End::Actor => "actor",
                    End::Partner => "partner",
                };
                write!(f, "{end} ")?;
                whether(
                    churns,
                    "out of sync for a minute: churn",
                    "churns no longer",
                    f,
                )
            }
            Self::Loopback { .. } => f.write_str("our own PDU came back: looped cable?"),
            Self::Illegal { .. } => f.write_str("malformed slow-protocol frame"),
            Self::Forwarder {
                state: Forwarder::Alive,
            } => f.write_str("forwarder alive"),
            Self::Forwarder {
                state: Forwarder::Stale,
            } => f.write_str("forwarder stale"),
            Self::BondCarrier { carrier } => whether(carrier, "bond up", "bond down", f),
        }
    }
}
