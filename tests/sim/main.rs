//! Rooms joined in one process: no root, no network, a clock that jumps.

mod appliance;
mod drops;
