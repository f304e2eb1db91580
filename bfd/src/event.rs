//! What a session tells its host.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Why a session that was Up is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownReason {
    /// Nothing was heard for a Detection Time.
    Silent,
    /// The peer says that it is Down: it does not hear us, or has started anew.
    Peer,
    /// The peer's operator took the session down: no failure of the path (RFC 5882 3.2).
    PeerAdmin,
    /// Our operator took the session down.
    Admin,
}

impl DownReason {
    /// The reason in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silent => "nothing was heard for the detection time",
            Self::Peer => "the peer says that it is down",
            Self::PeerAdmin => "the peer is administratively down",
            Self::Admin => "administratively down",
        }
    }
}

/// Something that happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It came to Up.
    Up,
    /// It left Up.
    Down(DownReason),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => f.write_str("session up"),
            Self::Down(reason) => write!(f, "session down: {}", reason.name()),
        }
    }
}
