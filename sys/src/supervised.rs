//! A daemon's tie to its supervisor, which outlives the supervisor.
//!
//! [`begin`] starts one small thread. It registers with the supervisor that listens at `FD_STORE`, hands it
//! this process's output pipe and everything that it has stored ([`crate::store`]), and says once a second
//! that it lives and how often the main loop has come around ([`Supervised::beat`]). When the connection
//! ends, it looks for the next supervisor every 50 ms and does the same there.
//!
//! The output pipe is the one that the first supervisor made, for the whole life of the process: what is
//! written while no supervisor runs waits in it for the next one, and a line never meets a closed pipe.
//! When nobody reads it, the thread takes the oldest lines out, counted, so that writing does not block.
//!
//! ```text
//! {"register":{"daemon":"lvsd"}} + the output pipe                               → {"end":1}
//! {"store":{…}} + descriptors, for each stored item                              → {"end":1}
//! {"beat":{"daemon":"lvsd","laps":7,"ready":true}}, the first one after the items  no answer
//! {"anew":{"daemon":"lvsd"}}, on a connection of its own                         → {"end":1}
//! anything refused                                                               → {"error":"why"}
//! ```

mod link;
mod output;

use std::io;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use crate::store::{DAEMON, FD_STORE, Held};
use link::Link;

/// The exit status of a daemon that wants to be started anew, because what it has been told to become can
/// only be begun with.
pub const ANEW: u8 = 75;

/// How often a daemon says that it lives, and how far its main loop has come.
pub const BEAT: std::time::Duration = std::time::Duration::from_secs(1);

/// A process has one supervisor.
static LINK: OnceLock<Link> = OnceLock::new();

/// The tie of this process to its supervisor; for a daemon that runs alone, none.
#[derive(Clone, Copy, Debug)]
pub struct Supervised {
    link: Option<&'static Link>,
}

/// What a daemon says to its supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Word {
    /// It is there. With the record may come its output pipe.
    Register {
        /// Its name.
        daemon: String,
    },
    /// It lives. The first one says that everything stored has been handed over.
    Beat {
        /// Its name.
        daemon: String,
        /// How often its main loop has come around; 0 of one that does not count.
        laps: u64,
        /// Whether it is ready.
        ready: bool,
    },
    /// It ends, to be started anew.
    Anew {
        /// Its name.
        daemon: String,
    },
}

/// Ties this process to the supervisor that started it, and to those that come after. To be called once,
/// early in `main`, before anything is stored. Without a supervisor it does nothing.
pub fn begin() -> Supervised {
    let Some(socket) = std::env::var_os(FD_STORE) else {
        return Supervised { link: None };
    };
    let Ok(daemon) = std::env::var(DAEMON) else {
        return Supervised { link: None };
    };
    let mut is_first = false;
    let link = LINK.get_or_init(|| {
        is_first = true;
        Link::new(socket.into(), daemon)
    });
    if is_first {
        let thread = std::thread::Builder::new().name("supervised".to_owned());
        if let Err(e) = thread.spawn(|| link.keep()) {
            eprintln!("{}: no thread for the supervisor: {e}", link.daemon());
        }
    }
    Supervised { link: Some(link) }
}

impl Supervised {
    /// The main loop has come around once more. Costs one atomic addition. A daemon that has called it and
    /// then does not for 10 s is taken for hung, killed and started again: an idle loop turns at least once
    /// every few seconds.
    pub fn beat(&self) {
        if let Some(link) = self.link {
            link.laps().fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The exit code of a process that wants to be started anew at once, with what it has stored; the
    /// supervisor is told. Nothing but the end of `main` may follow.
    #[must_use]
    pub fn anew(&self) -> ExitCode {
        if let Some(link) = self.link
            && let Err(e) = link.say_anew()
        {
            // The exit status says the same to the supervisor that started this process; for another one
            // it is a death like others.
            eprintln!("{}: {e}", link.daemon());
        }
        ExitCode::from(ANEW)
    }
}

impl Word {
    /// Reads a record.
    ///
    /// # Errors
    /// `InvalidData` for anything else.
    pub fn parse(record: &[u8]) -> io::Result<Self> {
        serde_json::from_slice(record)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("no word: {e}")))
    }

    /// Who says it.
    #[must_use]
    pub fn daemon(&self) -> &str {
        match self {
            Self::Register { daemon } | Self::Beat { daemon, .. } | Self::Anew { daemon } => daemon,
        }
    }
}

/// What this process keeps for its next supervisor, if `daemon` at `socket` is this process.
pub(crate) fn held(socket: &std::path::Path, daemon: &str) -> Option<&'static Held> {
    LINK.get().and_then(|link| link.held_for(socket, daemon))
}
