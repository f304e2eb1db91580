//! `hostd` and the kernel, in namespaces that are gone with the test's thread.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

mod access;
mod appliance;
mod host;
mod interfaces;
mod management;
mod peers;
mod ssh;
mod stage;
