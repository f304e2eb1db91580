//! Following the kernel's routes and neighbours, and asking it to resolve new ones.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use netio::netlink::{Event, Neighbour, Netlink, Route as KernelRoute, Upkeep, Watch};
use netio::tap::Tap;
use sys::watch::Watch as Readable;
use wire::Mac;

use crate::nexthop::{NextHops, Resolution, Route};
use crate::requests::Request;
use crate::shared::Shared;

/// What [`Kernel::news`] has waited for.
#[derive(Debug)]
pub enum News {
    /// The kernel told of a change.
    Event(Event),
    /// Workers want neighbours resolved.
    Requests(Vec<Request>),
}

/// What the kernel said last, and the way to ask it.
#[derive(Debug)]
pub struct Kernel {
    netlink: Netlink,
    watch: Watch,
    wake: Readable,
    bonds: HashMap<u32, usize>,
    routes: Vec<KernelRoute>,
    neighbours: HashMap<(u32, IpAddr), Mac>,
    /// Neighbours of reals: asked for ahead of the first frame, and again when routes change.
    reals: Vec<IpAddr>,
    asked: HashSet<Request>,
}

impl Kernel {
    /// Reads routes and neighbours once and publishes them.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub async fn start(
        netlink: Netlink,
        shared: &Shared,
        taps: &[Arc<Tap>],
        services: &lvs::Config,
    ) -> io::Result<Self> {
        let mut bonds = HashMap::new();
        for (bond, tap) in taps.iter().enumerate() {
            bonds.insert(tap.ifindex()?, bond);
        }
        let reals = services.services.iter().flat_map(|service| &service.reals);
        let watch = netlink.watch().await?;
        let mut kernel = Self {
            watch,
            wake: Readable::of(shared.requests.wake())?,
            bonds,
            routes: Vec::new(),
            neighbours: HashMap::new(),
            reals: reals.map(|real| real.address).collect(),
            asked: HashSet::new(),
            netlink,
        };
        kernel.read().await?;
        kernel.publish(shared).await;
        Ok(kernel)
    }

    /// The way to the kernel.
    #[must_use]
    pub const fn netlink(&self) -> &Netlink {
        &self.netlink
    }

    /// Waits for news from the kernel or for a worker's request. Safe to cancel; what it gives must
    /// be seen to by [`Kernel::see_to`], which is not.
    ///
    /// # Errors
    /// When the kernel does not tell any longer.
    pub async fn news(&mut self, shared: &Shared) -> io::Result<News> {
        tokio::select! {
            event = self.watch.next() => Ok(News::Event(event?)),
            requests = requested(&self.wake, shared) => Ok(News::Requests(requests?)),
        }
    }

    /// Takes up news, and events that wait behind them; publishes once for all.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub async fn see_to(&mut self, news: News, shared: &Shared) -> io::Result<()> {
        let mut next = match news {
            News::Event(event) => Some(event),
            News::Requests(requests) => {
                for request in requests {
                    self.asked.remove(&request);
                    self.ask(request).await;
                }
                None
            }
        };
        let mut changed = false;
        while let Some(event) = next {
            changed |= self.take(event).await?;
            next = self.watch.try_next()?;
        }
        if changed {
            self.publish(shared).await;
        }
        Ok(())
    }

    async fn take(&mut self, event: Event) -> io::Result<bool> {
        match event {
            Event::Route(_) | Event::RouteGone(_) => {
                self.routes = self.netlink.routes().await?;
                Ok(true)
            }
            Event::Neighbour(neighbour) => Ok(self.note(&neighbour)),
            Event::NeighbourGone(neighbour) => Ok(self
                .neighbours
                .remove(&(neighbour.ifindex, neighbour.address))
                .is_some()),
            Event::Overrun => {
                self.read().await?;
                Ok(true)
            }
            Event::Link(_) | Event::LinkGone(_) | Event::Address(_) | Event::AddressGone(_) => {
                Ok(false)
            }
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        self.routes = self.netlink.routes().await?;
        self.neighbours.clear();
        for neighbour in self.netlink.neighbours().await? {
            self.note(&neighbour);
        }
        Ok(())
    }

    /// Whether the neighbour's MAC is news.
    fn note(&mut self, neighbour: &Neighbour) -> bool {
        let key = (neighbour.ifindex, neighbour.address);
        match neighbour.mac.filter(|_| neighbour.is_usable()) {
            Some(mac) => self.neighbours.insert(key, mac) != Some(mac),
            None => self.neighbours.remove(&key).is_some(),
        }
    }

    async fn publish(&mut self, shared: &Shared) {
        let routes = self.routes.iter().filter(|route| route.is_unicast_main());
        let routes = routes.map(|route| Route {
            destination: route.destination,
            prefix: route.prefix,
            gateway: route.gateway,
            ifindex: route.ifindex,
            metric: route.metric,
        });
        let hops = NextHops::new(routes, self.neighbours.clone(), self.bonds.clone());
        let unresolved = |real: &IpAddr| match hops.resolve(*real) {
            Resolution::Unresolved { ifindex, neighbour } => Some((ifindex, neighbour)),
            Resolution::Reachable { .. } | Resolution::NoRoute => None,
        };
        let wanted: Vec<_> = self.reals.iter().filter_map(unresolved).collect();
        shared.hops.store(Arc::new(hops));
        for request in wanted {
            if self.asked.insert(request) {
                self.ask(request).await;
            }
        }
    }

    /// Has the kernel resolve a neighbour, and keep it fresh if it is a real or a router.
    async fn ask(&self, (ifindex, address): Request) {
        let is_router = || {
            self.routes
                .iter()
                .any(|route| route.gateway == Some(address))
        };
        let upkeep = if self.reals.contains(&address) || is_router() {
            Upkeep::Managed
        } else {
            Upkeep::Ordinary
        };
        if let Err(error) = self.netlink.resolve(ifindex, address, upkeep).await {
            eprintln!("neighbour {address}: {error}");
        }
    }
}

/// What workers have asked for; waits until they do.
async fn requested(wake: &Readable, shared: &Shared) -> io::Result<Vec<Request>> {
    wake.read(|_| {
        let requests = shared.requests.take();
        if requests.is_empty() {
            Err(io::ErrorKind::WouldBlock.into())
        } else {
            Ok(requests.to_vec())
        }
    })
    .await
}
