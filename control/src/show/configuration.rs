//! `show configuration`: the running configuration, a line of its text an item.

use serde::{Deserialize, Serialize};

/// One line of the canonical text: `show configuration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationItem {
    /// The line, without its end.
    pub line: String,
}
