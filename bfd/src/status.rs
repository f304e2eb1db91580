//! What `show bfd` prints of a session.

use serde::{Deserialize, Serialize};
use wire::Duration;
use wire::bfd::{Diagnostic, State};

use crate::DownReason;
use crate::drop_reason::Dropped;

/// What happened to a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Packets sent.
    pub sent: u64,
    /// Packets received and not discarded.
    pub received: u64,
    /// How often it came to Up.
    pub ups: u64,
    /// How often it left Up.
    pub downs: u64,
    /// Packets discarded.
    pub dropped: Dropped,
}

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// bfd.SessionState.
    pub state: State,
    /// bfd.LocalDiag: why it is in this state.
    pub diagnostic: Diagnostic,
    /// Why it was Up last and is, or was, no longer.
    pub last_down: Option<DownReason>,
    /// bfd.RemoteSessionState; None: the peer is not heard.
    pub remote_state: Option<State>,
    /// The peer's diagnostic.
    pub remote_diagnostic: Diagnostic,
    /// bfd.LocalDiscr.
    pub discriminator: u32,
    /// bfd.RemoteDiscr; 0: not known.
    pub remote_discriminator: u32,
    /// Desired Min TX Interval, as the peer is told.
    pub min_tx: Duration,
    /// Required Min RX Interval, as the peer is told.
    pub min_rx: Duration,
    /// bfd.DetectMult.
    pub multiplier: u8,
    /// The interval of our packets before jitter; None: the peer wants none.
    pub transmit_interval: Option<Duration>,
    /// How long the peer's silence may last; None: it is not heard.
    pub detection_time: Option<Duration>,
    /// Whether a Poll Sequence of ours is not answered yet.
    pub is_polling: bool,
    /// What happened.
    pub counters: Counters,
}
