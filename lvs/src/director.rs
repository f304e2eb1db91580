//! The slow path: holds the configuration, gives reals their ids, makes snapshots for the workers.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use crate::Stats;
use crate::address::Endpoint;
use crate::config::{Config, Fault, RealConfig, Router, ServiceConfig};
use crate::connection::{RealId, RealKey, Table};
use crate::scheduler::{Candidate, Scheduler};
use crate::snapshot::{Real, Service, ServiceParts, Snapshot, Standing};
use crate::status::Totals;

/// Holds the services; the host gives its snapshots to the workers.
#[derive(Debug)]
pub struct Director {
    pub(crate) config: Config,
    pub(crate) stats: Vec<Arc<Stats>>,
    pub(crate) reals: BTreeMap<RealKey, Known>,
    /// Reals that failed their checks, by service: they take no new connection.
    pub(crate) down: BTreeSet<(String, SocketAddr)>,
    built: BTreeMap<Endpoint, Built>,
    snapshot: Arc<Snapshot>,
}

/// A real that has an id.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The id.
    pub id: RealId,
    /// What the slot's counters said when the real got it.
    pub before: Totals,
}

/// A service's scheduler and what it was made from.
#[derive(Debug)]
struct Built {
    candidates: Vec<Candidate>,
    kind: crate::config::SchedulerKind,
    scheduler: Arc<Scheduler>,
}

impl Director {
    /// A director of these services. Reals that the table knows from before keep their ids, and so
    /// their connections. `stats` are the workers'.
    ///
    /// # Errors
    /// Every fault of the configuration.
    pub fn new(
        config: Config,
        table: &Table<'_>,
        stats: Vec<Arc<Stats>>,
    ) -> Result<Self, Vec<Fault>> {
        let mut director = Self {
            config: Config::default(),
            stats,
            reals: BTreeMap::new(),
            down: BTreeSet::new(),
            built: BTreeMap::new(),
            snapshot: Arc::default(),
        };
        director.set_config(config, table)?;
        Ok(director)
    }

    /// Takes up another configuration and makes a new snapshot. Connections of reals that stay are
    /// left alone, whatever else changes.
    ///
    /// # Errors
    /// Every fault of the configuration; nothing has changed then.
    pub fn set_config(&mut self, config: Config, table: &Table<'_>) -> Result<(), Vec<Fault>> {
        let faults = config.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        self.reals = self.assign(&config, table)?;
        table.set_timeouts(&config.timeouts);
        self.config = config;
        self.forget_verdicts();
        self.picture();
        Ok(())
    }

    /// Whether [`Director::set_config`] will take this configuration up, also if connections come and
    /// go until then; nothing changes.
    ///
    /// # Errors
    /// Every fault of the configuration.
    pub fn check(&self, config: &Config, table: &Table<'_>) -> Result<(), Vec<Fault>> {
        let faults = config.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let wanted: BTreeSet<RealKey> = config.services.iter().flat_map(real_keys).collect();
        // A real that is still configured may get its first connection yet.
        let in_use = |slot| {
            let mut known = self.reals.values();
            known.any(|known| known.id.slot == slot) || table.load(slot) != (0, 0)
        };
        let demand = table.registry().demand(&wanted, |slot| !in_use(slot));
        if demand <= table.real_ids() {
            return Ok(());
        }
        Err([Fault {
            path: "service".to_owned(),
            value: format!("{demand} reals, those that leave included"),
            legal: format!(
                "at most {} reals with this connection table",
                table.real_ids()
            ),
        }]
        .into())
    }

    /// Takes up what checks found of reals, by service and endpoint, and makes a new snapshot if that
    /// changes anything; says whether it did. A real that is not up takes no new connection. Reals
    /// that are not configured are passed over; of the others, one without a verdict is up.
    pub fn set_verdicts<'v>(
        &mut self,
        verdicts: impl IntoIterator<Item = (&'v str, SocketAddr, bool)>,
    ) -> bool {
        let before = self.down.clone();
        for (service, real, up) in verdicts {
            let key = (service.to_owned(), real);
            if up {
                self.down.remove(&key);
            } else {
                self.down.insert(key);
            }
        }
        self.forget_verdicts();
        let changed = self.down != before;
        if changed {
            self.picture();
        }
        changed
    }

    /// The reals that take no new connection because of their checks, by service.
    pub fn down(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.down.iter().map(|(service, real)| (&**service, *real))
    }

    /// Forgets what was found of reals that are no longer configured.
    fn forget_verdicts(&mut self) {
        let services = &self.config.services;
        self.down.retain(|(name, real)| {
            let mut of_name = services.iter().filter(|service| service.name == *name);
            of_name.any(|service| service.reals.iter().any(|one| one.endpoint() == *real))
        });
    }

    /// Makes a snapshot of the configuration and the verdicts.
    fn picture(&mut self) {
        let config = &self.config;
        let mut built = BTreeMap::new();
        let parts = config.services.iter().map(|service| {
            let (endpoint, next) = self.build(service);
            let parts = parts(service, &next, standing(&config.routers, service.address));
            built.insert(endpoint, next);
            parts
        });
        self.snapshot = Arc::new(Snapshot::new(parts.collect(), &config.routers));
        self.built = built;
    }

    /// The services as they are now, for the workers.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    /// Whether no check speaks against a real.
    pub(crate) fn is_up(&self, service: &ServiceConfig, real: &RealConfig) -> bool {
        !self.down.contains(&(service.name.clone(), real.endpoint()))
    }

    /// The configuration in use.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Ids for all reals.
    fn assign(
        &self,
        config: &Config,
        table: &Table<'_>,
    ) -> Result<BTreeMap<RealKey, Known>, Vec<Fault>> {
        let all = config.services.iter().flat_map(|service| {
            service
                .reals
                .iter()
                .map(move |real| (service, real, real_key(service, real)))
        });
        let wanted: Vec<RealKey> = all.clone().map(|(.., key)| key).collect();
        let ids = table
            .registry()
            .assign(&wanted, |slot| table.load(slot) == (0, 0));
        let homeless = all.filter(|(.., key)| !ids.contains_key(key));
        let faults: Vec<Fault> = homeless
            .map(|(service, real, _)| Fault {
                path: format!("service.{}.real.{:?}", service.name, real.endpoint()),
                value: format!("{} reals", wanted.len()),
                legal: format!(
                    "at most {} reals with this connection table",
                    table.real_ids()
                ),
            })
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let known = ids.into_iter().map(|(key, id)| {
            let before = self.reals.get(&key).filter(|known| known.id == id);
            let known = before.copied().unwrap_or(Known {
                id,
                before: self.totals(id),
            });
            (key, known)
        });
        Ok(known.collect())
    }

    /// A service's scheduler: the one it has where nothing about its choice has changed.
    fn build(&self, service: &ServiceConfig) -> (Endpoint, Built) {
        let endpoint = Endpoint::from(service.endpoint());
        let candidates: Vec<Candidate> = service
            .reals
            .iter()
            .filter_map(|real| {
                let known = self.reals.get(&real_key(service, real))?;
                Some(Candidate {
                    id: known.id,
                    endpoint: real.endpoint().into(),
                    weight: if self.is_up(service, real) {
                        real.weight
                    } else {
                        0
                    },
                })
            })
            .collect();
        let before = self.built.get(&endpoint);
        let kind = service.scheduler;
        let same = before.filter(|built| built.kind == kind && built.candidates == candidates);
        let scheduler = match same {
            Some(built) => Arc::clone(&built.scheduler),
            None => {
                let before = before.map(|built| &*built.scheduler);
                Arc::new(Scheduler::new(kind, &candidates, before))
            }
        };
        (
            endpoint,
            Built {
                candidates,
                kind,
                scheduler,
            },
        )
    }
}

/// On what a service's address depends.
fn standing(routers: &[Router], address: IpAddr) -> Standing {
    let holder = routers
        .iter()
        .find(|router| router.addresses.contains(&address));
    holder.map_or(Standing::Always, Standing::of)
}

fn parts(service: &ServiceConfig, built: &Built, standing: Standing) -> ServiceParts {
    let method = service.method;
    let real = |candidate: &Candidate| Real {
        id: candidate.id,
        endpoint: candidate.endpoint,
        method,
    };
    ServiceParts {
        protocol: service.protocol,
        endpoint: service.endpoint().into(),
        service: Service {
            method,
            scheduler: Arc::clone(&built.scheduler),
            endpoint: service.endpoint().into(),
            standing,
        },
        reals: built.candidates.iter().map(real).collect(),
    }
}

fn real_keys(service: &ServiceConfig) -> impl Iterator<Item = RealKey> {
    let reals = service.reals.iter();
    reals.map(|real| real_key(service, real))
}

pub(crate) fn real_key(service: &ServiceConfig, real: &RealConfig) -> RealKey {
    RealKey {
        protocol: service.protocol.number(),
        service: service.endpoint().into(),
        real: real.endpoint().into(),
    }
}
