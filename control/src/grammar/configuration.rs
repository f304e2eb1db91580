//! Every key of the configuration.

use super::Node;

/// The tables at the top of the configuration, with all that is below them.
#[must_use]
pub const fn configuration() -> &'static [Node] {
    &[]
}
