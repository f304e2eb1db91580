//! `show events`: what the daemons said lately, as the supervisor heard it.

use serde::{Deserialize, Serialize};

/// One line of a daemon: `show events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventItem {
    /// When the supervisor read it, in milliseconds since 1970 (UTC).
    pub unix_ms: u64,
    /// Who said it.
    pub daemon: String,
    /// What.
    pub text: String,
}
