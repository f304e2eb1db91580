//! What workers read: services and reals at one moment, never changed once made.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use wire::Mac;

use crate::address::{Address, Endpoint};
use crate::config::{Method, Protocol, Router};
use crate::connection::RealId;
use crate::index::{Index, Place};
use crate::scheduler::Scheduler;
use alloc::sync::Arc;

/// An immutable picture of all services, which the [`crate::Director`] makes and workers read.
#[derive(Debug)]
pub struct Snapshot {
    virtuals: Index<Virtual>,
    /// Endpoints of NAT reals: what comes from there may be a reply, of the only service that has the
    /// real, or of one of several.
    sources: Index<Option<usize>>,
    services: Vec<Service>,
    /// The virtual routers' MAC addresses and leases.
    routers: Vec<(Mac, usize)>,
    /// By slot of the registry.
    reals: Vec<Option<Real>>,
}

/// A service, as workers see it.
#[derive(Clone, Debug)]
pub struct Service {
    /// How its packets reach a real.
    pub method: Method,
    /// Who gets a new connection.
    pub scheduler: Arc<Scheduler>,
    /// Its virtual endpoint.
    pub endpoint: Endpoint,
    /// On whose state its address depends.
    pub standing: Standing,
}

/// On what it depends whether a virtual address is answered for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// On nothing: it is always this box's.
    #[default]
    Always,
    /// On a virtual router being Active here.
    Router {
        /// Its virtual MAC.
        mac: Mac,
        /// Its lease.
        lease: usize,
        /// Whether the kernel has the address, too.
        is_owner: bool,
    },
}

/// A real, as workers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Real {
    /// Its id.
    pub id: RealId,
    /// Where it is.
    pub endpoint: Endpoint,
    /// How its packets reach it.
    pub method: Method,
}

/// What a virtual endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Virtual {
    /// A service, by its place.
    Service(usize),
    /// An address that some service or virtual router has.
    Address(Standing),
}

/// What is needed to make a snapshot's service.
#[derive(Debug)]
pub struct ServiceParts {
    /// The transport protocol.
    pub protocol: Protocol,
    /// The virtual endpoint.
    pub endpoint: Endpoint,
    /// The service itself.
    pub service: Service,
    /// Its reals.
    pub reals: Vec<Real>,
}

impl Snapshot {
    /// The picture of these services and virtual routers.
    pub fn new(parts: Vec<ServiceParts>, routers: &[Router]) -> Self {
        let mut virtuals = router_addresses(routers);
        let mut sources: BTreeMap<(Endpoint, u8), Option<usize>> = BTreeMap::new();
        let mut services = Vec::new();
        let mut reals: Vec<Option<Real>> = Vec::new();
        for part in parts {
            let protocol = part.protocol.number();
            let place = Place {
                endpoint: part.endpoint,
                protocol,
            };
            virtuals.push((place, Virtual::Service(services.len())));
            let standing = part.service.standing;
            virtuals.push((
                address_place(part.endpoint.address),
                Virtual::Address(standing),
            ));
            for real in part.reals {
                if real.method == Method::Nat {
                    let service = Some(services.len());
                    sources
                        .entry((real.endpoint, protocol))
                        .and_modify(|known| *known = known.filter(|_| *known == service))
                        .or_insert(service);
                }
                let slot = usize::from(real.id.slot);
                reals.resize(reals.len().max(slot + 1), None);
                if let Some(place) = reals.get_mut(slot) {
                    *place = Some(real);
                }
            }
            services.push(part.service);
        }
        Self {
            virtuals: Index::new(virtuals.iter().copied()),
            sources: Index::new(sources.iter().map(|((endpoint, protocol), service)| {
                let place = Place {
                    endpoint: *endpoint,
                    protocol: *protocol,
                };
                (place, *service)
            })),
            services,
            routers: routers.iter().map(|one| (one.mac, one.lease)).collect(),
            reals,
        }
    }

    /// The service at an endpoint.
    #[inline]
    pub(crate) fn service(&self, endpoint: Endpoint, protocol: u8) -> Option<&Service> {
        match self.virtuals.find(Place { endpoint, protocol })? {
            Virtual::Service(at) => self.services.get(at),
            Virtual::Address(_) => None,
        }
    }

    /// On what a virtual address depends; none when the address is not virtual.
    #[inline]
    pub(crate) fn standing(&self, address: Address) -> Option<Standing> {
        match self.virtuals.find(address_place(address))? {
            Virtual::Address(standing) => Some(standing),
            Virtual::Service(_) => None,
        }
    }

    /// Whether some virtual router has this MAC address and lease.
    #[must_use]
    pub fn has_router(&self, mac: Mac, lease: usize) -> bool {
        self.routers.contains(&(mac, lease))
    }

    /// The lease of the virtual router that has this MAC address.
    pub(crate) fn lease_of(&self, mac: Mac) -> impl Iterator<Item = usize> {
        let of_mac = self.routers.iter().filter(move |(own, _)| *own == mac);
        of_mac.map(|(_, lease)| *lease)
    }

    /// The service that an endpoint is a NAT real of, if there is only one.
    pub(crate) fn only_service_of(&self, endpoint: Endpoint, protocol: u8) -> Option<&Service> {
        let place = self.sources.find(Place { endpoint, protocol })?;
        self.services.get(place?)
    }

    /// Whether an endpoint is a NAT real's, so that a packet from there may be a reply.
    #[inline]
    pub(crate) fn is_source(&self, endpoint: Endpoint, protocol: u8) -> bool {
        self.sources.find(Place { endpoint, protocol }).is_some()
    }

    /// The real with this id, if it is still configured.
    #[inline]
    pub(crate) fn real(&self, id: RealId) -> Option<&Real> {
        self.reals
            .get(usize::from(id.slot))?
            .as_ref()
            .filter(|real| real.id == id)
    }
}

impl Default for Snapshot {
    /// A picture without services.
    fn default() -> Self {
        Self::new(Vec::new(), &[])
    }
}

/// The routers' addresses, which stand before those of services: the first one counts.
fn router_addresses(routers: &[Router]) -> Vec<(Place, Virtual)> {
    let addresses = routers.iter().flat_map(|router| {
        let standing = Standing::of(router);
        let places = router.addresses.iter();
        places.map(move |ip| (address_place((*ip).into()), Virtual::Address(standing)))
    });
    addresses.collect()
}

impl Standing {
    /// That of a router's addresses.
    pub const fn of(router: &Router) -> Self {
        Self::Router {
            mac: router.mac,
            lease: router.lease,
            is_owner: router.is_owner,
        }
    }
}

const fn address_place(address: Address) -> Place {
    Place {
        endpoint: Endpoint { address, port: 0 },
        protocol: 0,
    }
}
