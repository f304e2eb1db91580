//! `show daemons`: the daemons, as the supervisor sees them.

use serde::{Deserialize, Serialize};

/// One daemon: `show daemons`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonItem {
    /// The daemon's name.
    pub name: String,
    /// `starting`, `ready`, `waiting` (to be started again) or `stopped`.
    pub state: String,
    /// The process, when there is one.
    #[serde(default)]
    pub pid: Option<u32>,
    /// How often it was started again.
    #[serde(default)]
    pub restarts: u64,
    /// Milliseconds since it became ready.
    #[serde(default)]
    pub ready_ms: Option<u64>,
    /// Descriptor sets that the supervisor keeps for it.
    #[serde(default)]
    pub stored: u64,
}
