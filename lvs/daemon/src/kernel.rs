//! Following the kernel's routes and neighbours, and asking it to resolve new ones.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use netio::netlink::{Event, Neighbour, Netlink, Route as KernelRoute, Upkeep, Watch};
use netio::tap::Tap;
use sys::watch::Watch as Readable;
use wire::Mac;

use crate::clock::now;
use crate::complaints::Complaints;
use crate::members::Members;
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

/// Events that are taken up before they are published, so that no flood of them can hold that up.
const BATCH: usize = 1_024;

/// What must be read again, because events do not say it all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stale {
    routes: bool,
    neighbours: bool,
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
    members: Members,
    complaints: Complaints,
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
            members: Members::default(),
            complaints: Complaints::default(),
            netlink,
        };
        let all = Stale {
            routes: true,
            neighbours: true,
        };
        kernel.read(all).await?;
        kernel.publish(shared).await;
        Ok(kernel)
    }

    /// The way to the kernel.
    #[must_use]
    pub const fn netlink(&self) -> &Netlink {
        &self.netlink
    }

    /// Looks after the reals of these services from now on.
    pub async fn serve(&mut self, services: &lvs::Config, shared: &Shared) {
        let reals = services.services.iter().flat_map(|service| &service.reals);
        self.reals = reals.map(|real| real.address).collect();
        self.publish(shared).await;
    }

    /// Watches over the members from now on.
    pub fn watch_over(&mut self, members: Members) {
        self.members = members;
    }

    /// The members, as they were told of.
    #[must_use]
    pub const fn members(&self) -> &Members {
        &self.members
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
        let (mut changed, mut stale, mut taken) = (false, Stale::default(), 0);
        while let Some(event) = next {
            self.members.take(&event);
            changed |= self.take(&event, &mut stale);
            taken += 1;
            // What waits after a loss is older than the dump that makes up for it, so that all of
            // it must be taken up first.
            if taken >= BATCH && !stale.neighbours {
                break;
            }
            next = self.watch.try_next()?;
        }
        changed |= self.read(stale).await?;
        if changed {
            self.publish(shared).await;
        }
        Ok(())
    }

    /// Takes up an event; true when it changes a neighbour. Routes are read anew, once for however
    /// many events: those of IPv4 go with their interface or address, and no event tells of it.
    fn take(&mut self, event: &Event, stale: &mut Stale) -> bool {
        match event {
            Event::Neighbour(neighbour) => self.note(neighbour),
            Event::NeighbourGone(neighbour) => {
                let key = (neighbour.ifindex, neighbour.address);
                // The kernel no longer does what it was asked for.
                let was_asked = self.asked.remove(&key);
                self.neighbours.remove(&key).is_some() || was_asked
            }
            Event::Overrun => {
                (stale.routes, stale.neighbours) = (true, true);
                false
            }
            Event::Route(_)
            | Event::RouteGone(_)
            | Event::Link(_)
            | Event::LinkGone(_)
            | Event::Address(_)
            | Event::AddressGone(_) => {
                stale.routes = true;
                false
            }
        }
    }

    /// Reads what is stale; true when it has changed.
    async fn read(&mut self, stale: Stale) -> io::Result<bool> {
        let mut changed = stale.neighbours;
        if stale.routes {
            let routes = self.netlink.routes().await?;
            changed |= routes != self.routes;
            self.routes = routes;
        }
        if stale.neighbours {
            self.neighbours.clear();
            for neighbour in self.netlink.neighbours().await? {
                self.note(&neighbour);
            }
        }
        Ok(changed)
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
        let routes = self.routes.iter().filter(|route| route.is_main());
        let routes = routes.map(|route| Route {
            destination: route.destination,
            prefix: route.prefix,
            gateway: route.gateway,
            // A route that leads nowhere covers its prefix, and has no interface.
            ifindex: if route.is_unicast() { route.ifindex } else { 0 },
            metric: route.metric,
        });
        let hops = NextHops::new(routes, self.neighbours.clone(), self.bonds.clone());
        let unresolved = |real: &IpAddr| match hops.resolve(*real) {
            Resolution::Unresolved { ifindex, neighbour } => Some((ifindex, neighbour)),
            Resolution::Reachable { .. } | Resolution::NoRoute => None,
        };
        let wanted: Vec<_> = self.reals.iter().filter_map(unresolved).collect();
        shared.hops.store(Arc::new(hops));
        // Frames may wait for this, and their worker may sleep.
        for worker in &shared.workers {
            worker.from_host.nudge();
        }
        for request in wanted {
            if self.asked.insert(request) {
                self.ask(request).await;
            }
        }
    }

    /// Has the kernel resolve a neighbour, and keep it fresh if it is a real or a router.
    async fn ask(&mut self, (ifindex, address): Request) {
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
        // Any client can have us ask, and the kernel refuse: its table may be full.
        if let Err(error) = self.netlink.resolve(ifindex, address, upkeep).await
            && let Some(unsaid) = self.complaints.admit(now())
        {
            eprintln!("neighbour {address}: {error} ({unsaid} more were not logged)");
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
