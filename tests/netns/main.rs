//! Tests with real peers in network namespaces. They need root and the lab's programs
//! (`cargo xtask setup`), and one machine for themselves: `cargo xtask test` runs them one by one.

mod adaptive;
mod appliance;
mod cable;
mod carrier;
mod client;
mod direct;
mod fail_over_mac;
mod leavings;
mod long;
mod modes;
mod monitor;
mod moves;
mod pair;
mod queues;
