//! The console itself: at a terminal, in a script, and with daemons that a test plays.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

mod capture;
mod configure;
mod ctld;
mod monitor;
mod request;
mod script;
mod shell;
mod stage;
mod terminal;
