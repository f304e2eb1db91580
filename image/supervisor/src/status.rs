//! What `show daemons` prints.

use std::cell::RefCell;

use serde::Serialize;
use sys::clock::monotonic_nanos;

/// Where a daemon stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Those before it are not ready yet.
    Waiting,
    /// Started, not ready yet.
    Starting,
    /// Ready.
    Ready,
    /// Dead; it is started again later.
    BackOff,
    /// Dead, and left so: it died too often.
    Maintenance,
    /// Asked to stop.
    Stopping,
    /// Stopped in order.
    Stopped,
}

/// One daemon.
#[derive(Clone, Debug, Serialize)]
pub struct Daemon {
    /// Its name.
    pub name: &'static str,
    /// Its process, if it has one.
    pub pid: Option<u32>,
    /// Where it stands.
    pub state: State,
    /// How often it was started again.
    pub restarts: u64,
    /// Since when, in nanoseconds of `CLOCK_MONOTONIC`.
    pub since_ns: u64,
    /// How it last ended: its exit status and its last line.
    pub last_exit: Option<String>,
}

/// All daemons, in the order of the table.
#[derive(Debug)]
pub struct Board {
    daemons: RefCell<Vec<Daemon>>,
}

impl Board {
    /// All of them waiting.
    pub fn new(names: impl Iterator<Item = &'static str>) -> Self {
        let since_ns = monotonic_nanos();
        let daemon = |name| Daemon {
            name,
            pid: None,
            state: State::Waiting,
            restarts: 0,
            since_ns,
            last_exit: None,
        };
        Self {
            daemons: RefCell::new(names.map(daemon).collect()),
        }
    }

    /// A daemon is now in `state`, as process `pid`.
    pub fn set(&self, name: &str, state: State, pid: Option<u32>) {
        self.change(name, |daemon| {
            daemon.state = state;
            daemon.pid = pid;
            daemon.since_ns = monotonic_nanos();
        });
    }

    /// A daemon ended so.
    pub fn ended(&self, name: &str, how: String) {
        self.change(name, |daemon| {
            daemon.pid = None;
            daemon.last_exit = Some(how);
        });
    }

    /// A daemon is about to be started again.
    pub fn restarted(&self, name: &str) {
        self.change(name, |daemon| daemon.restarts += 1);
    }

    /// Whether `pid` is this daemon's process.
    pub fn is(&self, name: &str, pid: u32) -> bool {
        self.daemons
            .borrow()
            .iter()
            .any(|daemon| daemon.name == name && daemon.pid == Some(pid))
    }

    /// Those that are not ready.
    pub fn not_ready(&self) -> Vec<&'static str> {
        let daemons = self.daemons.borrow();
        daemons
            .iter()
            .filter(|d| d.state != State::Ready)
            .map(|d| d.name)
            .collect()
    }

    /// All of them, for an operator.
    pub fn all(&self) -> Vec<Daemon> {
        self.daemons.borrow().clone()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Daemon)) {
        if let Some(daemon) = self
            .daemons
            .borrow_mut()
            .iter_mut()
            .find(|d| d.name == name)
        {
            change(daemon);
        }
    }
}
