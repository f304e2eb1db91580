//! A steady load: paced new connections beside long-lived ones, with a record of the longest
//! silence between two right answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Client;
use super::http::Connection;
use crate::real::BODY;

const KEPT: usize = 5;
/// A request that took longer had to wait for a retransmission, of which the first comes after
/// 200 ms (a connection attempt's after a second); a busy machine alone stays far below.
const HINDERED: Duration = Duration::from_millis(190);

/// What load to put on.
#[derive(Clone, Debug)]
pub struct Load {
    /// Where to, in turn.
    pub targets: Vec<SocketAddr>,
    /// New connections, each with one request, a second.
    pub connections_per_second: u32,
    /// Long-lived connections.
    pub keep_alive: u32,
    /// Pause after each answer on a long-lived connection.
    pub pause: Duration,
    /// SHA-256 that the body [`BODY`] must have.
    pub sha256: String,
}

/// What has come of a load so far.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Right answers, by real.
    pub per_real: BTreeMap<String, u64>,
    /// Requests that failed or whose body was wrong.
    pub failed: u64,
    /// The first failures' reasons.
    pub reasons: Vec<String>,
    /// The longest time between two right answers that followed each other.
    pub longest_gap: Duration,
    /// The longest that one request took, connecting included.
    pub slowest: Duration,
    /// Requests that had to wait for a retransmission.
    pub hindered: u64,
    /// When the last of them began.
    pub last_hindered: Option<Instant>,
    /// When the last request began that failed.
    pub last_failed: Option<Instant>,
    last_answer: Instant,
}

impl Tally {
    fn new(now: Instant) -> Self {
        Self {
            per_real: BTreeMap::new(),
            failed: 0,
            reasons: Vec::new(),
            longest_gap: Duration::ZERO,
            slowest: Duration::ZERO,
            hindered: 0,
            last_hindered: None,
            last_failed: None,
            last_answer: now,
        }
    }

    /// Right answers of all reals.
    pub fn right(&self) -> u64 {
        self.per_real.values().sum()
    }

    fn record(&mut self, asked: Instant, now: Instant, result: Result<String>) {
        if now - asked > HINDERED {
            self.hindered += 1;
            self.last_hindered = self.last_hindered.max(Some(asked));
        }
        match result {
            Ok(real) => {
                *self.per_real.entry(real).or_default() += 1;
                self.silence(now);
                self.last_answer = now;
                self.slowest = self.slowest.max(now - asked);
            }
            Err(error) => {
                self.failed += 1;
                self.last_failed = self.last_failed.max(Some(asked));
                if self.reasons.len() < KEPT {
                    self.reasons.push(format!("{error:#}"));
                }
            }
        }
    }

    fn silence(&mut self, now: Instant) {
        self.longest_gap = self
            .longest_gap
            .max(now.saturating_duration_since(self.last_answer));
    }
}

/// A load that is being put on.
#[derive(Debug)]
pub struct Flood {
    shared: Arc<Shared>,
    pacer: JoinHandle<Result<()>>,
    keepers: Vec<JoinHandle<Result<()>>>,
}

#[derive(Debug)]
struct Shared {
    load: Load,
    ending: AtomicBool,
    tally: Mutex<Tally>,
}

impl Load {
    /// Starts it on `client`.
    pub fn start(self, client: &Client) -> Flood {
        let (keep_alive, targets) = (self.keep_alive, self.targets.clone());
        let tally = Mutex::new(Tally::new(Instant::now()));
        let shared = Arc::new(Shared {
            load: self,
            ending: AtomicBool::new(false),
            tally,
        });
        let keepers = targets
            .iter()
            .cycle()
            .zip(0..keep_alive)
            .map(|(target, _)| client.spawn(Arc::clone(&shared).keep(*target)))
            .collect();
        let pacer = client.spawn(Arc::clone(&shared).pace());
        Flood {
            shared,
            pacer,
            keepers,
        }
    }
}

impl Flood {
    /// What has come of it so far.
    pub fn tally(&self) -> Tally {
        self.shared.tally().clone()
    }

    /// Forgets what was recorded and starts a new record.
    pub fn restart_tally(&self) {
        *self.shared.tally() = Tally::new(Instant::now());
    }

    /// Ends the load, waits for the requests under way, and tells what came of it. The silence
    /// from the last answer to this call counts too.
    pub fn finish(self, client: &Client) -> Result<Tally> {
        self.shared.tally().silence(Instant::now());
        self.shared.ending.store(true, Ordering::Release);
        client.finish(self.pacer)?;
        for keeper in self.keepers {
            client.finish(keeper)?;
        }
        Ok(self.shared.tally().clone())
    }
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Opens connections at the load's pace and waits for all of them.
    async fn pace(self: Arc<Self>) -> Result<()> {
        let Some(period) = Duration::from_secs(1).checked_div(self.load.connections_per_second)
        else {
            return Ok(());
        };
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut targets = self.load.targets.clone().into_iter().cycle();
        let mut under_way = tokio::task::JoinSet::new();
        while !self.is_ending() {
            ticks.tick().await;
            let target = targets.next().context("a load needs a target")?;
            under_way.spawn(Arc::clone(&self).once(target));
            while under_way.try_join_next().is_some() {}
        }
        while under_way.join_next().await.is_some() {}
        Ok(())
    }

    async fn once(self: Arc<Self>, target: SocketAddr) {
        let asked = Instant::now();
        let result = async {
            let mut connection = Connection::open(target).await?;
            let real = self.ask(&mut connection).await?;
            Ok((real, connection))
        };
        let result = result.await;
        let now = Instant::now();
        match result {
            Ok((real, connection)) => {
                self.tally().record(asked, now, Ok(real));
                connection.close().await;
            }
            Err(error) => self.tally().record(asked, now, Err(error)),
        }
    }

    /// Keeps one connection busy. One that breaks is a failure, and is opened again.
    async fn keep(self: Arc<Self>, target: SocketAddr) -> Result<()> {
        let mut open = None;
        while !self.is_ending() {
            let asked = Instant::now();
            let result = self.ask_kept(&mut open, target).await;
            if result.is_err() {
                open = None;
            }
            self.tally().record(asked, Instant::now(), result);
            sleep(self.load.pause).await;
        }
        Ok(())
    }

    async fn ask_kept(&self, open: &mut Option<Connection>, target: SocketAddr) -> Result<String> {
        let connection = match open {
            Some(connection) => connection,
            None => open.insert(Connection::open(target).await?),
        };
        self.ask(connection).await
    }

    async fn ask(&self, connection: &mut Connection) -> Result<String> {
        let answer = connection.get(BODY).await?;
        answer.check(&self.load.sha256)?;
        Ok(answer.real)
    }
}
