//! The health-check engine: when to probe a real server, and what its answers mean.
//!
//! **Model.** A service's real with its check is a *target*; `rise` and `fall` are keepalived's and
//! HAProxy's. Each probe begins `interval` after the one before it ended, and ends after `timeout` at the
//! latest. That gives the two windows that an operator reckons with:
//!
//! | window | |
//! |---|---|
//! | a server dies → Down | at the latest after `(interval + timeout) × fall` |
//! | a server is back → Up | `interval × rise` after the end of the last failed probe |
//!
//! **Inputs**: the [`Outcome`] of each probe. **Outputs**: [`Probe`]s to make, [`Verdicts`] for the
//! forwarder and the virtual routers, [`Event`]s to log.
//!
//! **States**: [`Verdict`]; a target is Unknown until its own probes are enough, and nothing is said of
//! it so long, so that what the forwarder holds stands over a restart. A service is dead when each of its
//! reals is Down by its own verdict, and alive when one is Up; between the two, what was found last
//! stands. [`Reason`] is the closed vocabulary of what can be wrong; a local error says nothing of the
//! server and is not counted.
//!
//! **Timers**: one for each target, in a heap; a first probe waits for a part of its interval that
//! follows from the target, so that ten thousand targets start without a burst and in the same rhythm
//! every time. **Bounds**: one probe under way and one changed verdict for each target; 64 events.
//!
//! No socket, no clock, no log, no chance: time is an argument. The law of its loop: one call that
//! mutates, drain probes, changes and events, sleep until an outcome or [`Health::poll_timeout`]. A host
//! that is late with one probe delays no other, and the late one's next is due from its true end.
//!
//! What it does not do: weights by response time, sorry servers, quorum above one real.
//!
//! ```
//! use health::{CheckConfig, Config, Health, Kind, Outcome, Reason, TargetConfig, Verdict};
//! use wire::{Duration, Instant};
//!
//! let check = CheckConfig {
//!     kind: Kind::Tcp,
//!     interval: Duration::from_secs(5),
//!     timeout: Duration::from_secs(3),
//!     rise: 3,
//!     fall: 1,
//!     port: None,
//! };
//! let real = "10.0.0.11:80".parse().unwrap();
//! let target = TargetConfig { service: "web".into(), real, check };
//! let mut health = Health::new(Config { targets: vec![target] }, Instant::from_nanos(0));
//!
//! let now = health.poll_timeout().unwrap();
//! let probe = health.poll_probe(now).unwrap();
//! let result = Err(Reason::ConnectRefused);
//! health.handle_input(now, Outcome { target: probe.target, result, took: Duration::ZERO });
//! assert_eq!(health.status()[0].verdict, Verdict::Down);
//! assert_eq!(
//!     health.poll_event().unwrap().to_string(),
//!     "service web real 10.0.0.11:80: Down: connect refused (1 of 1)"
//! );
//! assert_eq!(health.take_changes().pools["web"], false);
//! assert_eq!(health.poll_timeout(), Some(now + Duration::from_secs(5)));
//! ```
#![deny(clippy::indexing_slicing)]
#![no_std]

extern crate alloc;

pub mod config;
pub mod event;
mod health;
mod pool;
pub mod reason;
mod schedule;
pub mod status;
mod target;

pub use config::{CheckConfig, Config, HttpConfig, Kind, StatusRange, TargetConfig, UdpConfig};
pub use event::Event;
pub use health::{Health, Outcome, Probe, Stats, Verdicts};
pub use reason::Reason;
pub use status::{Status, Verdict};
pub use target::TargetId;
