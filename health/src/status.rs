//! What `show health` prints of a target.

use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// What is known of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Not enough probes yet.
    Unknown,
    /// It answers.
    Up,
    /// It does not.
    Down,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "Unknown",
            Self::Up => "Up",
            Self::Down => "Down",
        })
    }
}

/// One target: `show health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The service's name.
    pub service: String,
    /// The real.
    pub real: SocketAddr,
    /// The kind of check: `tcp`, `http`, `https` or `udp`.
    pub check: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Since when, in nanoseconds of `CLOCK_MONOTONIC`.
    pub since_ns: u64,
    /// The last probe's outcome: `ok`, the reason of its failure, or `none yet`.
    pub last: String,
    /// How long the last probe took, in nanoseconds.
    pub last_took_ns: u64,
    /// Probes that were well, since the start of the daemon.
    pub successes: u64,
    /// Probes that were not.
    pub failures: u64,
    /// Probes in a row that speak for the other verdict.
    pub turning: u32,
}
