//! Rooms joined in one process: no root, no network, a clock that jumps.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed test panics"
)]

mod adaptive;
mod appliance;
mod capture;
mod drops;
mod long;
mod modes;
mod moves;
mod routers;
