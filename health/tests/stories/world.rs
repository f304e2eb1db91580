//! Servers, a host that makes every probe on time, and a clock that jumps.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use health::{
    CheckConfig, Config, Event, Health, Kind, Outcome, Reason, TargetConfig, TargetId, Verdict,
};
use wire::{Duration, Instant};

/// How a server answers.
#[derive(Clone, Copy, Debug)]
pub enum Server {
    /// Well, after this time.
    Well(Duration),
    /// By a refusal, at once.
    Refuses,
    /// Not at all: each probe ends at its timeout.
    Silent,
    /// Not a word of it: the own host cannot make the probe.
    Unasked,
}

/// A probe under way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    target: TargetId,
    real: SocketAddr,
    timeout: Duration,
    began: Instant,
}

/// The engine, and the world around it.
pub struct World {
    pub health: Health,
    pub now: Instant,
    pub servers: BTreeMap<SocketAddr, Server>,
    /// Every change of a verdict, and when.
    pub turns: Vec<(Instant, SocketAddr, Verdict)>,
    /// When the probes of each server began.
    pub begun: BTreeMap<SocketAddr, Vec<Instant>>,
    /// When the last probe of each server ended that was not well.
    pub failed: BTreeMap<SocketAddr, Instant>,
    under_way: Vec<UnderWay>,
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Five seconds, three seconds, three and three: the defaults.
pub fn check() -> CheckConfig {
    CheckConfig {
        kind: Kind::Tcp,
        interval: secs(5),
        timeout: secs(3),
        rise: 3,
        fall: 3,
        port: None,
    }
}

/// The real of this number.
pub fn real(number: u16) -> SocketAddr {
    let [high, low] = number.to_be_bytes();
    SocketAddr::from(([10, 0, high, low], 80))
}

pub fn target(service: &str, number: u16, check: CheckConfig) -> TargetConfig {
    TargetConfig {
        service: service.into(),
        real: real(number),
        check,
    }
}

/// So many reals of one service.
pub fn config(reals: u16, check: &CheckConfig) -> Config {
    let targets = (0..reals).map(|number| target("web", number, check.clone()));
    Config {
        targets: targets.collect(),
    }
}

impl World {
    /// A world where every server is well and answers at once.
    pub fn new(config: Config) -> Self {
        let now = Instant::from_nanos(7_000_000_000);
        let servers = config.targets.iter();
        let servers = servers.map(|target| (target.real, Server::Well(Duration::ZERO)));
        Self {
            servers: servers.collect(),
            health: Health::new(config, now),
            now,
            turns: Vec::new(),
            begun: BTreeMap::new(),
            failed: BTreeMap::new(),
            under_way: Vec::new(),
        }
    }

    /// Lets time pass until `until`, what is due then included.
    pub fn run_until(&mut self, until: Instant) {
        loop {
            self.begin();
            let ended = self
                .under_way
                .iter()
                .filter_map(|probe| self.end(probe))
                .min();
            let next = ended.into_iter().chain(self.health.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= until) else {
                self.now = until;
                return;
            };
            self.now = next.max(self.now);
            self.finish();
        }
    }

    pub fn run(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    /// Lets time pass until the real has this verdict, at most an hour.
    pub fn run_to(&mut self, number: u16, verdict: Verdict) -> Instant {
        let end = self.now + secs(3_600);
        while self.verdict(number) != verdict {
            assert!(self.now < end, "never {verdict:?}");
            let next = self.health.poll_timeout().into_iter();
            let ends = self.under_way.iter().filter_map(|probe| self.end(probe));
            let next = next.chain(ends).min().unwrap_or(end);
            self.run_until(next);
        }
        self.now
    }

    pub fn verdict(&self, number: u16) -> Verdict {
        let all = self.health.status();
        let Some(of) = all.iter().find(|status| status.real == real(number)) else {
            panic!("no target {number}");
        };
        of.verdict
    }

    pub fn serve(&mut self, number: u16, server: Server) {
        self.servers.insert(real(number), server);
    }

    fn begin(&mut self) {
        while let Some(probe) = self.health.poll_probe(self.now) {
            let real = probe.config.real;
            self.begun.entry(real).or_default().push(self.now);
            self.under_way.push(UnderWay {
                target: probe.target,
                real,
                timeout: probe.config.check.timeout,
                began: self.now,
            });
        }
    }

    /// When a probe ends, by what its server does now.
    fn end(&self, probe: &UnderWay) -> Option<Instant> {
        let span = match self.servers[&probe.real] {
            Server::Well(took) => took.min(probe.timeout),
            Server::Refuses | Server::Unasked => Duration::ZERO,
            Server::Silent => probe.timeout,
        };
        Some((probe.began + span).max(self.now))
    }

    fn finish(&mut self) {
        let ended: Vec<_> = self
            .under_way
            .iter()
            .filter(|probe| self.end(probe).is_some_and(|end| end <= self.now))
            .copied()
            .collect();
        self.under_way
            .retain(|probe| ended.iter().all(|other| other.target != probe.target));
        for probe in ended {
            let result = match self.servers[&probe.real] {
                Server::Well(took) if took < probe.timeout => Ok(()),
                Server::Well(_) => Err(Reason::ReplyTimeout),
                Server::Refuses => Err(Reason::ConnectRefused),
                Server::Silent => Err(Reason::ConnectTimeout),
                Server::Unasked => Err(Reason::LocalError),
            };
            if result.is_err() {
                self.failed.insert(probe.real, self.now);
            }
            self.report(probe.target, result, self.now.since(probe.began));
        }
    }

    pub fn report(&mut self, target: TargetId, result: Result<(), Reason>, took: Duration) {
        let outcome = Outcome {
            target,
            result,
            took,
        };
        self.health.handle_input(self.now, outcome);
        while let Some(event) = self.health.poll_event() {
            if let Event::Verdict {
                target, verdict, ..
            } = event
            {
                self.turns.push((self.now, target.real, verdict));
            }
        }
    }
}
