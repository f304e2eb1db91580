//! Keeps one daemon running: starts it, starts it again when it dies, stops it when asked.

use std::rc::Rc;
use std::time::Duration;

use nix::sys::signal::Signal;
use sys::process::Process;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::child::{Death, Event, Running};
use crate::configuration::{Identity, identity, replaced};
use crate::restart::Decision;
use crate::service::Service;
use crate::shared::Shared;
use crate::status::State;

/// How long a daemon may take to stop in order; then it is killed.
pub const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What a keeper begins with.
#[derive(Debug)]
pub enum Begin {
    /// A start.
    New,
    /// A process that another supervisor has started.
    Adopted(Process),
    /// Nothing yet: the daemon does not accept this configuration, and why.
    Refused(Option<Identity>, String),
}

/// The task of one daemon.
#[derive(Debug)]
pub struct Keeper {
    service: Service,
    shared: Rc<Shared>,
    stop: watch::Receiver<bool>,
    settled: watch::Sender<bool>,
}

/// How one run of the daemon ended.
enum End {
    Stopped,
    Died,
    /// It asks to be started anew.
    Asked,
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
        }
    }

    /// Until the daemon was stopped, or its maintenance was.
    pub async fn keep(mut self, mut begin: Begin) {
        let name = self.service.name;
        loop {
            let configuration = identity(&self.service.config);
            let end = match std::mem::replace(&mut begin, Begin::New) {
                Begin::New => self.run_new().await,
                Begin::Adopted(process) => self.run_adopted(process).await,
                Begin::Refused(refused, why) => {
                    self.shared.board.ended(name, why);
                    self.say("does not accept the configuration: in maintenance");
                    if self.maintain(refused).await {
                        break;
                    }
                    continue;
                }
            };
            let is_asked = matches!(end, End::Asked) && self.shared.board.asked(name);
            match end {
                End::Stopped => break,
                End::Asked if is_asked => self.shared.board.restarted(name),
                End::Asked | End::Died => match self.shared.board.died(name) {
                    Decision::Restart { cold, after } => {
                        if !self.restart(cold, after).await {
                            break;
                        }
                    }
                    Decision::Maintenance => {
                        self.say("died too often: in maintenance");
                        if self.maintain(configuration).await {
                            break;
                        }
                    }
                },
            }
        }
        self.shared.board.set(name, State::Stopped, None);
    }

    /// In maintenance: what the daemon died of may be in the configuration that it was started with last,
    /// so that another one has it tried again. True when a stop came first.
    async fn maintain(&mut self, configuration: Option<Identity>) -> bool {
        self.shared
            .board
            .set(self.service.name, State::Maintenance, None);
        self.settled.send_replace(true);
        let path = self.service.config.clone();
        tokio::select! {
            () = asked(&mut self.stop) => true,
            () = replaced(&path, configuration) => {
                self.say("the configuration is another one: tried again");
                self.shared.board.pardon(self.service.name);
                false
            }
        }
    }

    async fn run_new(&mut self) -> End {
        let said = self.shared.desk.open(self.service.name);
        match Running::start(&self.service, &self.shared.socket, said) {
            Ok(running) => {
                self.shared.board.began(self.service.name, running.pid());
                self.run(running).await
            }
            Err(e) => self.ended(e.to_string(), End::Died),
        }
    }

    async fn run_adopted(&mut self, process: Process) -> End {
        let name = self.service.name;
        let said = self.shared.desk.open(name);
        let state = self.shared.board.one(name).map(|r| r.daemon.state);
        let is_ready = state == Some(State::Ready);
        let running = Running::adopt(&self.service, process, is_ready, said);
        if !is_ready {
            let pid = Some(running.pid());
            self.shared.board.set(name, State::Starting, pid);
        }
        self.run(running).await
    }

    /// To its death.
    async fn run(&mut self, mut running: Running) -> End {
        // Why it was killed, if it was.
        let mut hung = None;
        loop {
            let event = tokio::select! {
                event = running.event(&self.shared.log) => event,
                () = asked(&mut self.stop) => return self.stop(running).await,
            };
            match event {
                Ok(Event::Ready) => {
                    self.ready(running.pid());
                }
                Ok(Event::Hung(why)) => {
                    self.say(&format!("{why}: killed"));
                    running.signal(Signal::SIGKILL, &self.shared.log);
                    hung = Some(why);
                }
                Ok(Event::Died(death)) => {
                    let last = running
                        .last_line()
                        .map_or(String::new(), |l| format!(": {l}"));
                    let how = hung.unwrap_or_else(|| describe(death));
                    let end = match death {
                        Death::Anew => End::Asked,
                        Death::Status(_) | Death::Unknown => End::Died,
                    };
                    return self.ended(format!("{how}{last}"), end);
                }
                Err(e) => {
                    running.signal(Signal::SIGKILL, &self.shared.log);
                    return self.ended(format!("lost: {e}"), End::Died);
                }
            }
        }
    }

    fn ready(&self, pid: u32) {
        let name = self.service.name;
        let known = self.shared.board.one(name).map(|r| r.daemon.state);
        // An adopted one that has been ready all the time stays so.
        if known != Some(State::Ready) {
            self.shared.board.set(name, State::Ready, Some(pid));
        }
        self.settled.send_replace(true);
    }

    fn ended(&self, how: String, end: End) -> End {
        match end {
            End::Asked => self.say("is started anew, as it asks"),
            End::Died | End::Stopped => self.say(&format!("died: {how}")),
        }
        self.shared.board.ended(self.service.name, how);
        end
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
                    Ok(Event::Ready | Event::Hung(_)) => {}
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

fn describe(death: Death) -> String {
    match death {
        Death::Status(status) => status.to_string(),
        Death::Unknown => "under another supervisor, which alone could know how".to_owned(),
        Death::Anew => "asked to be started anew".to_owned(),
    }
}
