//! What an operator may set on a session.

use serde::{Deserialize, Serialize};
use wire::Duration;

/// A session's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The shortest interval that packets are to be sent at while Up, in whole microseconds.
    pub min_tx: Duration,
    /// The shortest interval that packets can be received at, in whole microseconds.
    pub min_rx: Duration,
    /// How many of our packets the peer may miss; 0 is taken for 1.
    pub multiplier: u8,
}

impl Default for Config {
    /// 50 ms both ways and 3 packets: silence counts after 150 ms.
    fn default() -> Self {
        Self {
            min_tx: Duration::from_millis(50),
            min_rx: Duration::from_millis(50),
            multiplier: 3,
        }
    }
}
