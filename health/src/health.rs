//! The engine: outcomes of probes in; probes, verdicts and events out.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

use wire::{Duration, Instant};

use crate::pool::Pool;
use crate::schedule::{Schedule, first_wait};
use crate::target::{Phase, Target, TargetId};
use crate::{Config, Event, Reason, Status, TargetConfig, Verdict};

/// Events that the host may leave waiting; one input makes two.
const EVENTS: usize = 64;

/// A probe to make now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The target, for the [`Outcome`].
    pub target: TargetId,
    /// Whom to ask, and what.
    pub config: Arc<TargetConfig>,
    /// How much later than due it begins.
    pub late: Duration,
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The probe's target.
    pub target: TargetId,
    /// Whether it was well.
    pub result: Result<(), Reason>,
    /// How long it took. The next one is due `interval` after that, however late it is reported.
    pub took: Duration,
}

/// Verdicts for the forwarder and the virtual routers, the last one of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// By service and real: whether it takes new connections.
    pub reals: BTreeMap<(String, SocketAddr), bool>,
    /// By service: whether one of its reals is up.
    pub pools: BTreeMap<String, bool>,
}

impl Verdicts {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reals.is_empty() && self.pools.is_empty()
    }
}

/// What the engine counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Probes handed out.
    pub probes: u64,
    /// Outcomes of targets that had gone, or asked something else, by then.
    pub stale: u64,
    /// Events that did not fit, because the host did not take them in time.
    pub events_lost: u64,
}

/// The checks of all services.
#[derive(Clone, Debug, Default)]
pub struct Health {
    targets: BTreeMap<TargetId, Target>,
    schedule: Schedule,
    pools: BTreeMap<Arc<str>, Pool>,
    changed: Verdicts,
    events: VecDeque<Event>,
    stats: Stats,
    ids: u64,
}

impl Health {
    /// The checks, none of them made yet.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        let mut health = Self::default();
        health.set_config(now, config);
        health
    }

    /// The next probe to make; None: none is due. A host that can make no more for now asks later, and
    /// what is due longest comes first.
    pub fn poll_probe(&mut self, now: Instant) -> Option<Probe> {
        let (due, target) = self.schedule.pop_due(now)?;
        let state = self.targets.get_mut(&target)?;
        state.phase = Phase::UnderWay { since: now };
        self.stats.probes = self.stats.probes.wrapping_add(1);
        Some(Probe {
            target,
            config: Arc::clone(&state.config),
            late: now.since(due),
        })
    }

    /// When a probe is due; None: not before an outcome comes.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.schedule.earliest()
    }

    /// Takes a probe's outcome.
    pub fn handle_input(&mut self, now: Instant, outcome: Outcome) {
        let state = self.targets.get_mut(&outcome.target);
        let Some((state, since)) = state.and_then(|state| match state.phase {
            Phase::UnderWay { since } => Some((state, since)),
            Phase::Waiting { .. } => None,
        }) else {
            self.stats.stale = self.stats.stale.wrapping_add(1);
            return;
        };
        let ended = now.min(since + outcome.took);
        let due = ended + state.config.check.interval;
        state.phase = Phase::Waiting { due };
        self.schedule.push(due, outcome.target);
        let before = state.verdict;
        if state.count(outcome.result, outcome.took, now) {
            let (target, verdict) = (Arc::clone(&state.config), state.verdict);
            self.turn(&target, before, verdict, outcome.result.err());
        }
    }

    /// A target has another verdict.
    fn turn(
        &mut self,
        target: &Arc<TargetConfig>,
        before: Verdict,
        verdict: Verdict,
        reason: Option<Reason>,
    ) {
        let check = &target.check;
        let is_up = reason.is_none();
        self.event(Event::Verdict {
            target: Arc::clone(target),
            verdict,
            reason,
            probes: if is_up { check.rise } else { check.fall },
        });
        let key = (target.service.clone(), target.real);
        self.changed.reals.insert(key, is_up);
        let service: Arc<str> = target.service.as_str().into();
        let pool = self.pools.entry(Arc::clone(&service)).or_default();
        pool.turn(before, verdict);
        if let Some(alive) = pool.news() {
            self.pool_turned(service, alive);
        }
    }

    fn pool_turned(&mut self, service: Arc<str>, alive: bool) {
        self.changed.pools.insert(service.to_string(), alive);
        self.event(Event::Pool { service, alive });
    }

    fn event(&mut self, event: Event) {
        if self.events.len() < EVENTS {
            self.events.push_back(event);
        } else {
            self.stats.events_lost = self.stats.events_lost.wrapping_add(1);
        }
    }

    /// The next thing to log.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Takes over another configuration. Targets that stay keep verdict and counts, and their rhythm
    /// where the interval stays. Where a check asks something else, the verdict stands until the new
    /// answers are enough, which are counted from none. What is no longer checked counts as up.
    pub fn set_config(&mut self, now: Instant, config: Config) {
        let mut old: BTreeMap<(String, SocketAddr), (TargetId, Target)> =
            core::mem::take(&mut self.targets)
                .into_iter()
                .map(|(id, target)| {
                    let TargetConfig { service, real, .. } = &*target.config;
                    ((service.clone(), *real), (id, target))
                })
                .collect();
        self.schedule.clear();
        for config in config.targets {
            let key = (config.service.clone(), config.real);
            let (id, target) = self.adopt(old.remove(&key), config, now);
            if let Phase::Waiting { due } = target.phase {
                self.schedule.push(due, id);
            }
            self.targets.insert(id, target);
        }
        let released = old
            .into_iter()
            .filter(|(_, (_, target))| target.verdict == Verdict::Down);
        for (key, _) in released {
            self.changed.reals.insert(key, true);
        }
        self.recount();
    }

    /// The target of `config`, with what is known of it already.
    fn adopt(
        &mut self,
        old: Option<(TargetId, Target)>,
        config: TargetConfig,
        now: Instant,
    ) -> (TargetId, Target) {
        let first = now + first_wait(&config);
        match old {
            Some((id, target)) if *target.config == config => (id, target),
            Some((id, mut target)) if target.asks_the_same(&config) => {
                target.retime(config, now);
                (id, target)
            }
            Some((_, mut target)) => {
                target.ask_anew(config, first);
                (self.next_id(), target)
            }
            None => (self.next_id(), Target::new(config, now, first)),
        }
    }

    const fn next_id(&mut self) -> TargetId {
        self.ids = self.ids.wrapping_add(1);
        TargetId(self.ids)
    }

    /// Makes the pools of the targets anew; each keeps what was found of it.
    fn recount(&mut self) {
        let old = core::mem::take(&mut self.pools);
        for target in self.targets.values() {
            let service = target.config.service.as_str();
            if !self.pools.contains_key(service) {
                let found = old.get(service).copied().unwrap_or_default();
                self.pools.insert(service.into(), found.emptied());
            }
            if let Some(pool) = self.pools.get_mut(service) {
                pool.add(target.verdict);
            }
        }
        for (service, pool) in old {
            if pool.alive == Some(false) && !self.pools.contains_key(&service) {
                self.changed.pools.insert(service.to_string(), true);
            }
        }
        let pools = self.pools.iter_mut();
        let news: Vec<_> = pools
            .filter_map(|(service, pool)| Some((Arc::clone(service), pool.news()?)))
            .collect();
        for (service, alive) in news {
            self.pool_turned(service, alive);
        }
    }

    /// The verdicts that are others than when this was last asked.
    pub fn take_changes(&mut self) -> Verdicts {
        core::mem::take(&mut self.changed)
    }

    /// Every verdict that there is: for a listener that has just come. Of a target without a verdict of
    /// its own nothing is said.
    #[must_use]
    pub fn verdicts(&self) -> Verdicts {
        let reals = self.targets.values().filter_map(|target| {
            let up = match target.verdict {
                Verdict::Unknown => return None,
                Verdict::Up => true,
                Verdict::Down => false,
            };
            Some(((target.config.service.clone(), target.config.real), up))
        });
        let pools = self.pools.iter();
        Verdicts {
            reals: reals.collect(),
            pools: pools
                .filter_map(|(service, pool)| Some((service.to_string(), pool.alive?)))
                .collect(),
        }
    }

    /// Every target, by service and real.
    #[must_use]
    pub fn status(&self) -> Vec<Status> {
        let mut all: Vec<_> = self.targets.values().map(Target::status).collect();
        all.sort_by(|a, b| (&a.service, a.real).cmp(&(&b.service, b.real)));
        all
    }

    /// What was counted.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }
}
