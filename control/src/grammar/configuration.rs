//! Every key of the configuration, in the order of its canonical form.

mod bonds;
mod host;
mod services;

use super::Node;

const TABLES: &[Node] = &[
    host::SYSTEM,
    host::MANAGEMENT,
    host::USER,
    services::LVS,
    host::METRICS,
    bonds::BOND,
    host::ROUTE,
    services::SERVICE,
    services::VRRP,
];

/// The tables at the top of the configuration, with all that is below them.
#[must_use]
pub const fn configuration() -> &'static [Node] {
    TABLES
}
