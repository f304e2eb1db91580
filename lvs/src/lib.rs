//! The load-balancing engine: virtual services over TCP, reals behind them, methods NAT and DR,
//! schedulers round robin and weighted Maglev, and a connection table in shared memory that the
//! next process adopts.
//!
//! The engine has a slow path and workers. The [`Director`] holds the configuration, gives reals
//! their ids and makes a [`Snapshot`] whenever something changes. Each worker calls [`process`] for
//! each frame, with the snapshot and the [`connection::Table`] that all workers share, and carries
//! out the [`Verdict`]: it knows neither ports nor next hops. The slow path calls
//! [`connection::Table::sweep`] now and then, so that silent connections expire.
//!
//! - **States and timeouts** are Linux IPVS's: [`TcpState`].
//! - **Bounds**: the table never grows (see [`connection`]); errors and resets of our own are
//!   limited per worker; nothing on the path of an existing connection allocates, waits or locks.
//! - **A real that is gone**: its connections go with it. A new SYN is scheduled afresh, any other
//!   packet is answered by a reset.
//! - **Checksums**: the IPv4 header's is verified; transport checksums are carried incrementally,
//!   so that a wrong one stays wrong and its receiver drops it.
//! - **Not here**: UDP services, tunnels, persistence, fragments (dropped and counted).
#![no_std]
#![deny(clippy::indexing_slicing)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod address;
mod answer;
mod bytes;
pub mod config;
pub mod connection;
mod director;
mod drop_reason;
mod index;
mod limiter;
mod method;
mod packet;
mod process;
mod scheduler;
mod snapshot;
pub mod stats;
pub mod status;
mod tcp_state;
#[cfg(test)]
mod tests;
mod worker;

pub use config::{
    Config, Fault, Method, Protocol, RealConfig, SchedulerKind, Seconds, ServiceConfig, Timeouts,
};
pub use director::Director;
pub use drop_reason::DropReason;
pub use process::{look_ahead, process};
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use status::{RealStatus, ServiceStatus, Totals};
pub use tcp_state::{Direction, TcpState};
pub use worker::{Context, Verdict, Worker};
