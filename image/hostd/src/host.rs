//! Follows the kernel and brings it to what is configured.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use control::config::Config;
use netio::netlink::{Event, Netlink};

use crate::plan::{Kernel, Step, missing};
use crate::settings;

/// Keeps addresses and routes as configured, until the kernel can no longer be followed.
pub async fn follow(config: &Config) -> io::Result<()> {
    settings::host()?;
    let mut host = Host {
        config,
        netlink: Netlink::new()?,
        settled: BTreeSet::new(),
        faults: BTreeMap::new(),
    };
    // First the watch, then the dumps: what changes in between is seen twice, and nothing is missed.
    let mut watch = host.netlink.watch().await?;
    host.apply().await?;
    sys::ready::notify();
    loop {
        let mut ours = host.concerns(&watch.next().await?);
        while let Some(event) = watch.try_next()? {
            ours |= host.concerns(&event);
        }
        if ours {
            host.apply().await?;
        }
    }
}

struct Host<'a> {
    config: &'a Config,
    netlink: Netlink,
    /// The interfaces that have their settings.
    settled: BTreeSet<u32>,
    /// What could not be added, and why: said once, and tried again at the next change.
    faults: BTreeMap<String, String>,
}

impl Host<'_> {
    /// Whether an event may leave something missing, or make possible what was refused.
    fn concerns(&mut self, event: &Event) -> bool {
        match event {
            Event::Link(link) => self.is_bond(&link.name) || !self.faults.is_empty(),
            Event::LinkGone(link) => {
                self.settled.remove(&link.index);
                false
            }
            Event::Overrun => {
                self.settled.clear();
                true
            }
            Event::Address(_) => !self.faults.is_empty(),
            // Who took it away meant it.
            Event::AddressGone(_) | Event::RouteGone(_) => false,
            Event::Route(_) | Event::Neighbour(_) | Event::NeighbourGone(_) => false,
        }
    }

    fn is_bond(&self, name: &str) -> bool {
        self.config.bonds.iter().any(|bond| bond.name == name)
    }

    /// Adds what is missing. What the kernel refuses is said and left for the next change.
    async fn apply(&mut self) -> io::Result<()> {
        let kernel = self.dump().await?;
        for link in &kernel.links {
            if self.is_bond(&link.name) && self.settled.insert(link.index) {
                let result = settings::interface(&link.name);
                self.note(format!("settings of {}", link.name), "written", result);
            }
        }
        for step in missing(self.config, &kernel) {
            self.add(step).await;
        }
        Ok(())
    }

    async fn dump(&self) -> io::Result<Kernel> {
        Ok(Kernel {
            links: self.netlink.links().await?,
            addresses: self.netlink.addresses().await?,
            routes: self.netlink.routes().await?,
        })
    }

    async fn add(&mut self, step: Step) {
        let (what, result) = match step {
            Step::Address(a) => (
                format!("address {}/{}", a.address, a.prefix),
                self.netlink
                    .add_address(a.ifindex, a.address, a.prefix)
                    .await,
            ),
            Step::Route { route: r, ifindex } => (
                format!("route {}/{} via {}", r.destination, r.prefix, r.gateway),
                self.netlink
                    .add_route((r.destination, r.prefix), Some(r.gateway), ifindex)
                    .await,
            ),
        };
        self.note(what, "added", result.map_err(Into::into));
    }

    /// Says a change of outcome, once.
    fn note(&mut self, what: String, done: &str, result: io::Result<()>) {
        match result {
            Ok(()) => {
                eprintln!("hostd: {what}: {done}");
                self.faults.remove(&what);
            }
            Err(e) => {
                let why = e.to_string();
                if self.faults.get(&what) != Some(&why) {
                    eprintln!("hostd: {what}: {why}");
                    self.faults.insert(what, why);
                }
            }
        }
    }
}
