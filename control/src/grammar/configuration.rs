//! Every key of the configuration, in the order of its canonical form.

mod bonds;
mod host;
mod services;

use super::{Node, Value};

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

/// A transmit hash, as a bond's `xmit_hash_policy`.
pub const HASH_POLICY: Value = bonds::POLICIES;

/// How a hash becomes a member, as a bond's `mapping`.
pub const HASH_MAPPING: Value = bonds::MAPPINGS;

/// The tables at the top of the configuration, with all that is below them.
#[must_use]
pub const fn configuration() -> &'static [Node] {
    TABLES
}
