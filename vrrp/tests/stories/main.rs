//! Stories on a virtual clock: what routers of one virtual router do to each other.
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod adverts;
mod chaos;
mod configuration;
mod election;
mod forwarder;
mod handover;
mod lan;
mod partition;
mod refusal;
mod restart;
mod stall;
mod why;
