//! The supervisor and real processes: shell scripts as daemons, its log as the order of events.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

mod appliance;
mod check;
mod events;
mod helper;
mod hung;
mod log;
mod order;
mod restart;
mod stage;
mod store;
mod takeover;
mod watchdog;
