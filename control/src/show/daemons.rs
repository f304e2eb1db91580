//! `show daemons`: the daemons, as the supervisor sees them.

use serde::{Deserialize, Serialize};
use wire::Duration;

use super::age;

/// One daemon: `show daemons`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonItem {
    /// The daemon's name.
    pub name: String,
    /// `waiting` (for those before it), `starting`, `ready`, `back_off` (to be started again),
    /// `maintenance` (died too often), `stopping` or `stopped`.
    pub state: String,
    /// The process, when there is one.
    pub pid: Option<u32>,
    /// How often it was started again.
    pub restarts: u64,
    /// Since when it is in this state, in nanoseconds of `CLOCK_MONOTONIC`.
    pub since_ns: u64,
    /// How it last ended.
    pub last_exit: Option<String>,
}

impl DaemonItem {
    /// How long it has been in this state, by this host's clock.
    #[must_use]
    pub fn age(&self) -> Duration {
        age(self.since_ns)
    }
}
