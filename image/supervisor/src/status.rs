//! What `show daemons` prints, and what the next supervisor must know of each daemon.

use std::cell::RefCell;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sys::clock::monotonic_nanos;
use sys::process::started;

use crate::restart::{Decision, History};
use crate::state::StateFile;

/// Where a daemon stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// One daemon, as shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Daemon {
    /// Its name.
    pub name: String,
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

/// One daemon, as the next supervisor must know it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What is shown.
    pub daemon: Daemon,
    /// When the process was started ([`started`]): with its id, its name.
    pub started: Option<u64>,
    /// When it was started, in nanoseconds of `CLOCK_MONOTONIC`.
    pub began_ns: u64,
    /// Its deaths.
    pub history: History,
}

/// All daemons, in the order of the table. Every change is written to the state file.
#[derive(Debug)]
pub struct Board {
    records: RefCell<Vec<Record>>,
    file: StateFile,
}

impl Record {
    fn new(name: &str) -> Self {
        Self {
            daemon: Daemon {
                name: name.to_owned(),
                pid: None,
                state: State::Waiting,
                restarts: 0,
                since_ns: monotonic_nanos(),
                last_exit: None,
            },
            started: None,
            began_ns: 0,
            history: History::default(),
        }
    }
}

impl Board {
    /// Those of `left` that have a name among `names`, the others waiting.
    pub fn new<'a>(
        names: impl Iterator<Item = &'a str>,
        mut left: Vec<Record>,
        file: StateFile,
    ) -> Self {
        let record = |name| {
            let at = left.iter().position(|record| record.daemon.name == name);
            at.map_or_else(|| Record::new(name), |at| left.swap_remove(at))
        };
        let board = Self {
            records: RefCell::new(names.map(record).collect()),
            file,
        };
        board.file.write(&board.records.borrow());
        board
    }

    /// A daemon is now in `state`, as process `pid`.
    pub fn set(&self, name: &str, state: State, pid: Option<u32>) {
        self.change(name, |record| {
            record.daemon.state = state;
            record.daemon.pid = pid;
            record.daemon.since_ns = monotonic_nanos();
        });
    }

    /// A daemon was started as process `pid`.
    pub fn began(&self, name: &str, pid: u32) {
        self.change(name, |record| {
            record.daemon.state = State::Starting;
            record.daemon.pid = Some(pid);
            record.daemon.since_ns = monotonic_nanos();
            record.began_ns = record.daemon.since_ns;
            // One that is dead already needs no name.
            record.started = started(pid).ok();
        });
    }

    /// A daemon ended so.
    pub fn ended(&self, name: &str, how: String) {
        self.change(name, |record| {
            record.daemon.pid = None;
            record.started = None;
            record.daemon.last_exit = Some(how);
        });
    }

    /// What follows the death of a daemon that has just ended.
    pub fn died(&self, name: &str) -> Decision {
        self.change(name, |record| {
            let began = Duration::from_nanos(record.began_ns);
            record.history.died(began, now())
        })
        // Only a daemon of the table dies.
        .unwrap_or(Decision::Maintenance)
    }

    /// A daemon has ended because it asks to be started anew; false when it asks too often.
    pub fn asked(&self, name: &str) -> bool {
        self.change(name, |record| record.history.asked(now()))
            .unwrap_or(false)
    }

    /// The deaths of a daemon count no longer; it is about to be started again.
    pub fn pardon(&self, name: &str) {
        self.change(name, |record| {
            record.history = History::default();
            record.daemon.restarts += 1;
        });
    }

    /// A daemon is about to be started again.
    pub fn restarted(&self, name: &str) {
        self.change(name, |record| record.daemon.restarts += 1);
    }

    /// Whether `pid` is this daemon's process.
    pub fn is(&self, name: &str, pid: u32) -> bool {
        let records = self.records.borrow();
        let mut daemons = records.iter().map(|record| &record.daemon);
        daemons.any(|daemon| daemon.name == name && daemon.pid == Some(pid))
    }

    /// Those that are not ready.
    pub fn not_ready(&self) -> Vec<String> {
        let mut daemons = self.all();
        daemons.retain(|daemon| daemon.state != State::Ready);
        daemons.into_iter().map(|daemon| daemon.name).collect()
    }

    /// One of them.
    pub fn one(&self, name: &str) -> Option<Record> {
        let records = self.records.borrow();
        records.iter().find(|r| r.daemon.name == name).cloned()
    }

    /// All of them, for an operator.
    pub fn all(&self) -> Vec<Daemon> {
        let records = self.records.borrow();
        records.iter().map(|record| record.daemon.clone()).collect()
    }

    /// After an orderly stop there is nobody for a next supervisor to know.
    pub fn forget(&self) {
        self.file.remove();
    }

    fn change<R>(&self, name: &str, change: impl FnOnce(&mut Record) -> R) -> Option<R> {
        let mut records = self.records.borrow_mut();
        let record = records.iter_mut().find(|r| r.daemon.name == name)?;
        let result = change(record);
        self.file.write(&records);
        Some(result)
    }
}

fn now() -> Duration {
    Duration::from_nanos(monotonic_nanos())
}
