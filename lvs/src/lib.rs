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
//! - **Virtual routers**: an address of one is answered for, by its virtual MAC, while its lease
//!   holds; another box's connections are taken over where Maglev hashing says whose they are.
//! - **A real that is gone**: its connections go with it. A new SYN is scheduled afresh, any other
//!   packet is answered by a reset.
//! - **Checksums**: the IPv4 header's is verified; transport checksums are carried incrementally,
//!   so that a wrong one stays wrong and its receiver drops it.
//! - **Not here**: UDP services, tunnels, persistence, fragments (dropped and counted).
//!
//! A client's first packet, from the wire to its real:
//! ```
//! # use std::{error::Error, sync::{Arc, atomic::AtomicU64}};
//! use lvs::connection::Table;
//! use lvs::{Config, Context, Director, Method, Protocol, RealConfig, SchedulerKind, ServiceConfig};
//! use lvs::{Stats, Verdict, Worker, process};
//! use wire::{Instant, Mac, headers::Headers};
//!
//! let real = RealConfig { address: [10, 2, 0, 11].into(), port: 8080, weight: 1 };
//! let service = ServiceConfig {
//!     name: "web".into(),
//!     protocol: Protocol::Tcp,
//!     address: [10, 1, 0, 100].into(),
//!     port: 80,
//!     method: Method::Nat,
//!     scheduler: SchedulerKind::Rr,
//!     reals: [real].into(),
//! };
//! let config = Config { services: [service].into(), ..Config::default() };
//!
//! let memory: Vec<AtomicU64> = (0..1 << 16).map(|_| AtomicU64::new(0)).collect();
//! let table = Table::format(&memory, [0x5eed, 0x5eed])?;
//! let stats = Arc::new(Stats::new(table.real_ids()));
//! let director = Director::new(config, &table, [Arc::clone(&stats)].into()).unwrap();
//!
//! let mut frame = Vec::new();
//! etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
//!     .ipv4([198, 51, 100, 7], [10, 1, 0, 100], 64)
//!     .tcp(40_000, 80, 1, 65_535)
//!     .syn()
//!     .write(&mut frame, b"")?;
//! let headers = Headers::parse(&frame)?;
//!
//! let snapshot = director.snapshot();
//! let now = Instant::from_nanos(1_000_000_000);
//! let mac = Mac([4; 6]);
//! let (leases, link) = (&[][..], (0, 0));
//! let cx = Context { snapshot: &snapshot, table: &table, now, mac, leases, link };
//! let mut worker = Worker::new(stats);
//! let verdict = process(&cx, &mut worker, &mut frame, &headers, &mut [0; 1514]);
//! assert_eq!(verdict, Verdict::Forward { next_hop: [10, 2, 0, 11].into() });
//! assert_eq!(table.connections(now).next().unwrap().state, "SYN_RECV");
//! # Ok::<(), Box<dyn Error>>(())
//! ```
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
    Config, Fault, Method, Protocol, RealConfig, Router, SchedulerKind, Seconds, ServiceConfig,
    Timeouts,
};
pub use director::Director;
pub use drop_reason::DropReason;
pub use process::{look_ahead, process};
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use status::{RealStatus, ServiceStatus, Totals};
pub use tcp_state::{Direction, TcpState};
pub use worker::{Context, Verdict, Worker};
