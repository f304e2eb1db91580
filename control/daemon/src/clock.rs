//! The time of day, for what must be true after a reboot, too.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 (UTC), as the host's clock has it now.
pub fn unix() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
