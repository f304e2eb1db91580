//! The real ctld, with daemons that take part in its transactions and do nothing else.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

mod all_or_none;
mod base;
mod crowd;
mod cut;
mod edited;
mod history;
mod killed;
mod mend;
mod metrics;
mod stage;
mod traced;
mod trial;
mod waiting;
