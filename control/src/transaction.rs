//! A change of configuration that all daemons take up, or none.
//!
//! ```text
//! ctld ─ {"transaction":{"prepare":7}} + sealed memfd with the text ─► daemon
//!      ◄─ {"transaction":{"prepared":{"id":7,"effect":"live"}}}        or {"error":"why not"}: the end
//!      ─ {"transaction":{"commit":7}} ─►                               or {"transaction":{"abort":7}} ─►
//!      ◄─ {"transaction":{"committed":7}}                              or ◄─ {"transaction":{"aborted":7}}
//! ```
//! One connection is one transaction with one daemon. A connection that ends before Commit is an
//! Abort. A daemon that dies after its vote starts again from the running file, which by then holds
//! the old configuration or the new one, and hears from ctld again if that was the old one.
//!
//! [`Coordinator`] is ctld's half. [`Participant`] is a daemon's half. A daemon's loop hands it every [`Request::Transaction`] and
//! answers its words:
//! ```no_run
//! # async fn daemon(mut server: control::ipc::Server, run_dir: &std::path::Path) {
//! use control::ipc::{Effect, Request};
//! use control::transaction::{Participant, Word};
//!
//! let mut participant = Participant::new("healthd", run_dir);
//! let mut prepared = None;
//! loop {
//!     tokio::select! {
//!         call = server.next() => match call.request {
//!             Request::Transaction(_) => participant.take(call),
//!             _ => call.refuse("not healthd's"),
//!         },
//!         word = participant.next() => match word {
//!             Word::Prepare { config, vote } => {
//!                 prepared = Some(config.checks); // nothing that is served changes yet
//!                 vote.accept(Effect::Live);
//!             }
//!             Word::Commit(done) => {
//!                 if let Some(checks) = prepared.take() {
//!                     // `checks` are in force from here on.
//! #                   drop(checks);
//!                 }
//!                 done.done().await; // with Effect::Restart: then end with `supervised.anew()`
//!             }
//!             Word::Abort => prepared = None,
//!         },
//!     }
//! }
//! # }
//! ```

mod coordinator;
mod participant;
mod promise;

pub use coordinator::{Absent, Coordinator, DAEMONS, Limits, Outcome, Prepared, Said};
pub use participant::{Done, Participant, Vote, Word};
pub use promise::Objection;

#[cfg(doc)]
use crate::ipc::Request;

/// The most bytes that a configuration's text has.
pub const TEXT_BYTES: usize = 4 << 20;
