//! The engine with its probes under way.

use std::sync::Arc;

use health::{Config, Health, Outcome, Probe, TargetConfig, TargetId, Verdicts};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use wire::Duration;

use crate::clock::now;
use crate::journal::Journal;
use crate::probe::{self, Failure, Tls};

/// The longest rest: a loop that never turns would be taken for hung.
const REST: Duration = Duration::from_secs(1);

/// A probe that is over.
#[derive(Debug)]
struct Done {
    target: TargetId,
    config: Arc<TargetConfig>,
    result: Result<(), Failure>,
    took: Duration,
}

/// The checks as this daemon makes them.
#[derive(Debug)]
pub struct Checks {
    engine: Health,
    probes: JoinSet<Done>,
    slots: usize,
    tls: Tls,
    journal: Journal,
}

impl Checks {
    /// The checks, with at most `slots` probes under way.
    pub fn new(config: Config, slots: usize, tls: Tls) -> Self {
        Self {
            engine: Health::new(config, now()),
            probes: JoinSet::new(),
            slots,
            tls,
            journal: Journal::new(),
        }
    }

    /// The engine, to be asked.
    pub const fn engine(&self) -> &Health {
        &self.engine
    }

    /// Takes over another configuration.
    pub fn set_config(&mut self, config: Config) {
        self.engine.set_config(now(), config);
    }

    /// Waits until a probe is over or due, or a second has gone by. Safe to cancel.
    pub async fn wait(&mut self) {
        let has_slot = self.probes.len() < self.slots;
        let due = self.engine.poll_timeout().filter(|_| has_slot);
        let span: core::time::Duration = due.map_or(REST, |due| due.since(now()).min(REST)).into();
        tokio::select! {
            Some(done) = self.probes.join_next() => self.take(done),
            () = sleep_until(Instant::now() + span) => {}
        }
    }

    /// Takes what is over, begins what is due, logs, and answers which verdicts changed.
    pub fn turn(&mut self) -> Verdicts {
        while let Some(done) = self.probes.try_join_next() {
            self.take(done);
        }
        while self.probes.len() < self.slots {
            let Some(probe) = self.engine.poll_probe(now()) else {
                break;
            };
            self.journal.late(probe.late, self.probes.len(), now());
            self.begin(probe);
        }
        self.log();
        self.engine.take_changes()
    }

    fn begin(&mut self, probe: Probe) {
        let Probe { target, config, .. } = probe;
        let (began, tls) = (Instant::now(), self.tls.clone());
        self.probes.spawn(async move {
            let timeout: core::time::Duration = config.check.timeout.into();
            let result = probe::make(&config, &tls, began + timeout).await;
            let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            Done {
                target,
                config,
                result,
                took: Duration::from_nanos(took),
            }
        });
    }

    fn take(&mut self, done: Result<Done, JoinError>) {
        let done = match done {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Nobody aborts a probe but the end of the daemon.
                Err(_) => return,
            },
        };
        if let Err(Failure::Local(error)) = &done.result {
            self.journal.unmade(&done.config, error, now());
        }
        let outcome = Outcome {
            target: done.target,
            result: done.result.map_err(|failure| failure.reason()),
            took: done.took,
        };
        self.engine.handle_input(now(), outcome);
        self.log();
    }

    fn log(&mut self) {
        while let Some(event) = self.engine.poll_event() {
            self.journal.note(&event, now());
        }
    }
}
