//! healthd against real servers on the loopback, good ones and hostile ones.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

mod appliance;
mod binary;
mod hostile;
mod nginx;
mod probes;
mod streams;
mod transaction;
