//! One running daemon, as events: ready, late, hung, dead. Its output becomes log lines on the way.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use sys::process::Process;
use sys::spawn::{Child, OUTPUT_BYTES, Output, Readiness, Spawn};
use sys::store::{DAEMON, FD_STORE};
use sys::supervised::{ANEW, BEAT};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use crate::desk::Said;
use crate::laps::{LOOKS, Laps};
use crate::lines::Lines;
use crate::log::Log;
use crate::service::Service;

/// How long a daemon that outlived another supervisor may take to register with this one.
pub const REGISTER_LIMIT: Duration = Duration::from_secs(5);

/// What happens to a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It said that it is ready.
    Ready,
    /// It cannot be waited for any longer, and why.
    Hung(String),
    /// It is dead, and its last words have been logged.
    Died(Death),
}

/// How a daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// So.
    Status(ExitStatus),
    /// Somehow: only the supervisor that started it could know.
    Unknown,
    /// Because it asks to be started anew.
    Anew,
}

/// A daemon from its start to its death.
#[derive(Debug)]
pub struct Running {
    name: &'static str,
    body: Body,
    said: mpsc::Receiver<Said>,
    output: Option<Output>,
    readiness: Option<Readiness>,
    /// Until when it must be ready; none when it is, or when that was said.
    ready_by: Option<Instant>,
    /// Until when it must register; none when it has, or need not.
    register_by: Option<Instant>,
    limit: Duration,
    laps: Laps,
    look: Interval,
    wants_anew: bool,
    lines: Lines,
}

#[derive(Debug)]
enum Body {
    Child(Child),
    Adopted(Process),
}

impl Running {
    /// Starts it, with the descriptor store at `store`; what it says of itself comes by `said`.
    pub fn start(service: &Service, store: &Path, said: mpsc::Receiver<Said>) -> io::Result<Self> {
        let mut child = Spawn::new(&service.program)
            .args(service.args())
            .env(FD_STORE, store)
            .env(DAEMON, service.name)
            .start()?;
        let output = child.output()?;
        let readiness = child.readiness()?;
        Ok(Self {
            output,
            readiness,
            ..Self::new(service, Body::Child(child), said)
        })
    }

    /// Takes over one that another supervisor started, and that was ready or not then.
    pub fn adopt(
        service: &Service,
        process: Process,
        is_ready: bool,
        said: mpsc::Receiver<Said>,
    ) -> Self {
        let mut running = Self::new(service, Body::Adopted(process), said);
        running.register_by = Some(Instant::now() + REGISTER_LIMIT);
        if is_ready {
            running.ready_by = None;
        }
        running
    }

    fn new(service: &Service, body: Body, said: mpsc::Receiver<Said>) -> Self {
        let mut look = interval(BEAT);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            name: service.name,
            body,
            said,
            output: None,
            readiness: None,
            ready_by: Some(Instant::now() + service.ready_within),
            register_by: None,
            limit: service.ready_within,
            laps: Laps::default(),
            look,
            wants_anew: false,
            lines: Lines::default(),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        match &self.body {
            Body::Child(child) => child.pid(),
            Body::Adopted(process) => process.pid(),
        }
    }

    /// The last line that it wrote, if any.
    pub fn last_line(&self) -> Option<&str> {
        self.lines.last()
    }

    /// Sends it a signal; the dead take no harm.
    pub fn signal(&self, signal: Signal, log: &Log) {
        let sent = match &self.body {
            Body::Child(child) => child.signal(signal),
            Body::Adopted(process) => process.signal(signal),
        };
        if let Err(e) = sent {
            log.line("supervisor", &format!("{}: {signal}: {e}", self.name));
        }
    }

    /// Waits for the next event. May be cancelled and called again. `Died` is the last one.
    pub async fn event(&mut self, log: &Log) -> io::Result<Event> {
        let mut bytes = [0; 4096];
        loop {
            tokio::select! {
                biased;
                death = self.body.wait() => {
                    let death = death?;
                    self.last_words(log)?;
                    return Ok(Event::Died(if self.wants_anew { Death::Anew } else { death }));
                }
                Some(said) = self.said.recv() => if let Some(event) = self.hear(said) {
                    return Ok(event);
                },
                said = ready(self.readiness.as_ref()) => {
                    self.readiness = None;
                    // Closed without a word: it may say it to the socket, within its time.
                    if said? { return Ok(self.become_ready()) }
                }
                () = until(self.ready_by) => {
                    self.ready_by = None;
                    return Ok(Event::Hung(format!("not ready within {} s", self.limit.as_secs())));
                }
                () = until(self.register_by) => {
                    self.register_by = None;
                    let limit = REGISTER_LIMIT.as_secs();
                    return Ok(Event::Hung(format!("not registered within {limit} s")));
                }
                _ = self.look.tick() => if self.laps.look() {
                    self.laps = Laps::default();
                    let limit = BEAT.as_secs() * u64::from(LOOKS);
                    return Ok(Event::Hung(format!("its main loop stood still for {limit} s")));
                },
                len = read(self.output.as_ref(), &mut bytes) => match len? {
                    0 => self.output = None,
                    len => self.lines.hear(&bytes[..len], |line| log.line(self.name, line)),
                },
            }
        }
    }

    /// What it said of itself by the socket.
    fn hear(&mut self, said: Said) -> Option<Event> {
        match said {
            Said::Register { output } => {
                // One that was started here is read already.
                if let Body::Adopted(_) = self.body {
                    self.output = output;
                }
                None
            }
            Said::Beat { laps, ready } => {
                let is_first = self.register_by.take().is_some();
                self.laps.heard(laps);
                let is_news = is_first || self.ready_by.is_some();
                (ready && is_news).then(|| self.become_ready())
            }
            Said::Anew => {
                self.wants_anew = true;
                None
            }
        }
    }

    /// Ready, whoever says so first; an adopted one is when it has also registered.
    fn become_ready(&mut self) -> Event {
        self.ready_by = None;
        self.readiness = None;
        Event::Ready
    }

    /// Logs what it left in the pipe. Others may hold the pipe open and go on writing: no more than it holds.
    fn last_words(&mut self, log: &Log) -> io::Result<()> {
        while let Ok(said) = self.said.try_recv() {
            self.hear(said);
        }
        if let Some(output) = self.output.take() {
            let mut left = usize::try_from(OUTPUT_BYTES).unwrap_or(0);
            let mut bytes = [0; 4096];
            while left > 0 {
                let Some(len @ 1..) = output.try_read(&mut bytes)? else {
                    break;
                };
                self.lines
                    .hear(&bytes[..len], |line| log.line(self.name, line));
                left = left.saturating_sub(len);
            }
        }
        self.lines.end(|line| log.line(self.name, line));
        Ok(())
    }
}

impl Body {
    async fn wait(&mut self) -> io::Result<Death> {
        match self {
            Self::Child(child) => {
                let status = child.wait().await?;
                let is_anew = status.code() == Some(i32::from(ANEW));
                Ok(if is_anew {
                    Death::Anew
                } else {
                    Death::Status(status)
                })
            }
            Self::Adopted(process) => process.wait().await.map(|()| Death::Unknown),
        }
    }
}

async fn until(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => std::future::pending().await,
    }
}

async fn ready(readiness: Option<&Readiness>) -> io::Result<bool> {
    match readiness {
        Some(readiness) => readiness.wait().await,
        None => std::future::pending().await,
    }
}

async fn read(output: Option<&Output>, bytes: &mut [u8]) -> io::Result<usize> {
    match output {
        Some(output) => output.read(bytes).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "tests/child.rs"]
mod tests;
