//! Frames in, frames out: built and checked by a second encoder, on a virtual clock.

mod answers;
mod dr;
mod drops;
mod icmp_errors;
mod lifecycle;
mod nat;
mod properties;
mod routers;
mod support;
mod takeover;
mod verdicts;
