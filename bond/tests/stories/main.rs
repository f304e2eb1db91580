//! Stories on a virtual clock: what a bond and its partner do to each other.
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod active_backup;
mod adaptive;
mod aggregators;
mod alone;
mod chaos;
mod churn;
mod damping;
mod disturbance;
mod fail_over_mac;
mod failover;
mod fallback;
mod flood;
mod independent;
mod leaving;
mod missing;
mod monitor;
mod moves;
mod negotiation;
mod network;
mod pair;
mod paths;
mod peace;
mod places;
mod refusal;
mod restart;
mod road;
mod standby;
mod static_modes;
mod stopped;
mod weather;
