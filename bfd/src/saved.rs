//! What outlives a restart of the daemon: enough to go on within the peer's Detection Time.

use serde::{Deserialize, Serialize};
use wire::Instant;
use wire::bfd::{Diagnostic, State};

use crate::poll::Poll;
use crate::session::Remote;
use crate::timers::Intervals;
use crate::{Config, Counters, Seed, Session};

/// A session's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    discriminator: u32,
    state: State,
    diagnostic: Diagnostic,
    remote: Remote,
    said: Intervals,
    counters: Counters,
}

impl Session {
    /// The state to save, for [`Session::resume`].
    #[must_use]
    pub const fn save(&self) -> Saved {
        Saved {
            discriminator: self.discriminator,
            state: self.state,
            diagnostic: self.diagnostic,
            remote: self.remote,
            said: self.said,
            counters: self.counters,
        }
    }

    /// Goes on where a predecessor was: the peer hears from us at once, and its silence counts from
    /// now. Where it gave us up meanwhile it says so, and where the path is dead it stays silent.
    #[must_use]
    pub fn resume(config: Config, saved: &Saved, jitter: u64, now: Instant) -> Self {
        let seed = Seed {
            discriminator: saved.discriminator,
            jitter,
        };
        let mut session = Self::begin(config, seed);
        session.state = saved.state;
        session.diagnostic = saved.diagnostic;
        session.remote = saved.remote;
        session.said = saved.said;
        session.used = saved.said;
        session.counters = saved.counters;
        session.heard_at = (saved.remote.discriminator != 0).then_some(now);
        session.poll = Poll::Idle;
        session.negotiate(false);
        session.run(now);
        session
    }
}
