//! `show version`: what runs on the box.

use serde::{Deserialize, Serialize};

/// The box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionItem {
    /// Fourfold's version.
    pub version: String,
    /// The kernel's release.
    pub kernel: String,
    /// The host name.
    pub host_name: String,
    /// The slot of the disk image that runs: `a` or `b`; none on a host that was not booted from one.
    pub slot: Option<String>,
    /// Seconds since the kernel started.
    pub uptime_s: u64,
    /// What is wrong with the box as a whole, a line for each, since this boot.
    pub notices: Vec<String>,
}
