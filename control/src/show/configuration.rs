//! `show configuration`: the running configuration, a table of the file an item.

use serde::{Deserialize, Serialize};

/// One line of the canonical text: `show configuration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationItem {
    /// The line, without its end.
    pub line: String,
}
