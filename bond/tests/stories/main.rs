//! Stories on a virtual clock: what a bond and its partner do to each other.

mod active_backup;
mod failover;
mod negotiation;
mod pair;
mod refusal;
mod restart;
