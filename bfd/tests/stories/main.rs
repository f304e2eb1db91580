//! Stories on a virtual clock: what two sessions and the path between them do to each other.
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod admin;
mod chaos;
mod intervals;
mod pace;
mod path;
mod peer;
mod restart;
mod world;
