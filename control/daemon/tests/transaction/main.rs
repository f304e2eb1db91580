//! The real ctld, with daemons that take part in its transactions and do nothing else.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

mod all_or_none;
mod crowd;
mod edited;
mod history;
mod killed;
mod metrics;
mod stage;
mod trial;
mod waiting;
