//! The real login-console on a pseudo-terminal, with a ctld and a supervisor that do no more than answer it.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

mod daemons;
mod first;
mod login;
mod stage;
