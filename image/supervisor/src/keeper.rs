//! Keeps one daemon running: starts it, starts it again when it dies, stops it when asked.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::signal::Signal;
use sys::clock::monotonic_nanos;
use sys::store::Store;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::child::{Event, Running};
use crate::log::Log;
use crate::restart::{Decision, History};
use crate::service::Service;
use crate::status::{Board, State};

/// How long a daemon may take to stop in order; then it is killed.
pub const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What the keepers and the socket share.
#[derive(Debug)]
pub struct Shared {
    /// Where each daemon stands.
    pub board: Board,
    /// What each daemon has stored.
    pub store: RefCell<Store>,
    /// Where lines go.
    pub log: Log,
    /// Where the store is reached.
    pub socket: PathBuf,
}

/// The task of one daemon.
#[derive(Debug)]
pub struct Keeper {
    service: Service,
    shared: Rc<Shared>,
    stop: watch::Receiver<bool>,
    settled: watch::Sender<bool>,
    history: History,
}

/// How one run of the daemon ended.
enum End {
    Stopped,
    Died,
}

impl Keeper {
    /// A keeper that stops its daemon when `stop` turns true, and turns `settled` true when the daemon is
    /// ready for the first time, or will not be.
    pub fn new(
        service: Service,
        shared: Rc<Shared>,
        stop: watch::Receiver<bool>,
        settled: watch::Sender<bool>,
    ) -> Self {
        Self {
            service,
            shared,
            stop,
            settled,
            history: History::default(),
        }
    }

    /// Until the daemon was stopped, or its maintenance was.
    pub async fn keep(mut self) {
        loop {
            let started = now();
            match self.run_once().await {
                End::Stopped => break,
                End::Died => {}
            }
            match self.history.died(started, now()) {
                Decision::Restart { cold, after } => {
                    if !self.restart(cold, after).await {
                        break;
                    }
                }
                Decision::Maintenance => {
                    self.say("died too often: in maintenance");
                    self.shared
                        .board
                        .set(self.service.name, State::Maintenance, None);
                    self.settled.send_replace(true);
                    asked(&mut self.stop).await;
                    break;
                }
            }
        }
        self.shared
            .board
            .set(self.service.name, State::Stopped, None);
    }

    /// From a start to a death.
    async fn run_once(&mut self) -> End {
        let name = self.service.name;
        let mut running = match Running::start(&self.service, &self.shared.socket) {
            Ok(running) => running,
            Err(e) => return self.ended(e.to_string()),
        };
        let pid = Some(running.pid());
        self.shared.board.set(name, State::Starting, pid);
        loop {
            let event = tokio::select! {
                event = running.event(&self.shared.log) => event,
                () = asked(&mut self.stop) => return self.stop(running).await,
            };
            match event {
                Ok(Event::Ready) => {
                    self.shared.board.set(name, State::Ready, pid);
                    self.settled.send_replace(true);
                }
                Ok(Event::Late) => {
                    let limit = self.service.ready_within.as_secs();
                    self.say(&format!("not ready within {limit} s: killed"));
                    running.signal(Signal::SIGKILL, &self.shared.log);
                }
                Ok(Event::Died(status)) => {
                    let last = running
                        .last_line()
                        .map_or(String::new(), |l| format!(": {l}"));
                    return self.ended(format!("{status}{last}"));
                }
                Err(e) => {
                    running.signal(Signal::SIGKILL, &self.shared.log);
                    return self.ended(format!("lost: {e}"));
                }
            }
        }
    }

    fn ended(&self, how: String) -> End {
        self.say(&format!("died: {how}"));
        self.shared.board.ended(self.service.name, how);
        End::Died
    }

    /// Prepares the next start; false when a stop came before it.
    async fn restart(&mut self, cold: bool, after: Duration) -> bool {
        let name = self.service.name;
        if cold {
            let dropped = self.shared.store.borrow_mut().drop_non_durable(name);
            self.say(&format!("cold start: {dropped} stored items dropped"));
        }
        if !after.is_zero() {
            self.shared.board.set(name, State::BackOff, None);
            tokio::select! {
                () = sleep(after) => {}
                () = asked(&mut self.stop) => return false,
            }
        }
        self.shared.board.restarted(name);
        true
    }

    /// SIGTERM, a bounded wait, SIGKILL.
    async fn stop(&self, mut running: Running) -> End {
        let log = &self.shared.log;
        self.shared
            .board
            .set(self.service.name, State::Stopping, Some(running.pid()));
        running.signal(Signal::SIGTERM, log);
        let limit = Instant::now() + STOP_LIMIT;
        let mut killed = false;
        loop {
            tokio::select! {
                event = running.event(log) => match event {
                    Ok(Event::Ready | Event::Late) => {}
                    Ok(Event::Died(_)) | Err(_) => return End::Stopped,
                },
                () = sleep_until(limit), if !killed => {
                    self.say(&format!("not stopped within {} s: killed", STOP_LIMIT.as_secs()));
                    running.signal(Signal::SIGKILL, log);
                    killed = true;
                }
            }
        }
    }

    fn say(&self, text: &str) {
        self.shared
            .log
            .line("supervisor", &format!("{}: {text}", self.service.name));
    }
}

/// Waits until the flag is true; a flag that nobody can turn any more counts as true.
pub async fn asked(flag: &mut watch::Receiver<bool>) {
    flag.wait_for(|set| *set).await.ok();
}

fn now() -> Duration {
    Duration::from_nanos(monotonic_nanos())
}
