//! What workers read: services and reals at one moment, never changed once made.

use alloc::vec::Vec;

use crate::address::{Address, Endpoint};
use crate::config::{Method, Protocol};
use crate::connection::RealId;
use crate::index::{Index, Place};
use crate::scheduler::Scheduler;
use alloc::sync::Arc;

/// An immutable picture of all services, which the [`crate::Director`] makes and workers read.
#[derive(Debug)]
pub struct Snapshot {
    virtuals: Index<Virtual>,
    /// Endpoints of NAT reals: what comes from there may be a reply.
    sources: Index<()>,
    services: Vec<Service>,
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
    /// An address that some service has.
    Address,
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
    /// The picture of these services.
    pub fn new(parts: Vec<ServiceParts>) -> Self {
        let mut virtuals = Vec::new();
        let mut sources = Vec::new();
        let mut services = Vec::new();
        let mut reals: Vec<Option<Real>> = Vec::new();
        for part in parts {
            let protocol = part.protocol.number();
            let place = Place {
                endpoint: part.endpoint,
                protocol,
            };
            virtuals.push((place, Virtual::Service(services.len())));
            virtuals.push((address_place(part.endpoint.address), Virtual::Address));
            for real in part.reals {
                if real.method == Method::Nat {
                    sources.push((
                        Place {
                            endpoint: real.endpoint,
                            protocol,
                        },
                        (),
                    ));
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
            sources: Index::new(sources.iter().copied()),
            services,
            reals,
        }
    }

    /// The service at an endpoint.
    #[inline]
    pub(crate) fn service(&self, endpoint: Endpoint, protocol: u8) -> Option<&Service> {
        match self.virtuals.find(Place { endpoint, protocol })? {
            Virtual::Service(at) => self.services.get(at),
            Virtual::Address => None,
        }
    }

    /// Whether an address is some service's.
    #[inline]
    pub(crate) fn is_virtual(&self, address: Address) -> bool {
        self.virtuals.find(address_place(address)).is_some()
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
        Self::new(Vec::new())
    }
}

const fn address_place(address: Address) -> Place {
    Place {
        endpoint: Endpoint { address, port: 0 },
        protocol: 0,
    }
}
