//! `healthd`: hosts the health-check engine, makes its probes, and tells `lvsd` which reals are up and
//! `vrrpd` which services have one.
//!
//! | module | does |
//! |---|---|
//! | `daemon` | the loop: wait, give one input to the engine, hand out what it made |
//! | `checks` | the engine with its probes under way, at most [`limits::MOST_PROBES`] |
//! | [`probe`] | one probe: TCP, HTTP, HTTPS or UDP, over by its deadline, with its reason |
//! | `stream` | verdicts to another daemon: everything when it comes, then what changes |
//! | `journal` | one line for a verdict, and no more lines than servers may cause |
//! | [`limits`] | how many descriptors, and so probes, there are |
//!
//! A probe is a task that ends at its deadline whatever its server does, and reads at most
//! [`probe::http::MOST_BYTES`] of it. Nothing is written to disk: after a restart nothing is said of a
//! real before its own new verdict, and what `lvsd` and `vrrpd` hold stands.

mod checks;
mod clock;
mod daemon;
mod journal;
pub mod limits;
pub mod probe;
mod stream;

pub use daemon::run;
