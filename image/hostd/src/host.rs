//! Follows the kernel and brings it to what is configured.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use control::config::Config;
use control::ipc::Effect;
use netio::netlink::{Event, Netlink, Watch};

use crate::named::{Named, NamedFile};
use crate::plan::{Kernel, Step, missing, surplus};
use crate::settings;

/// The host, and what it is to have.
pub struct Host {
    config: Config,
    netlink: Netlink,
    watch: Watch,
    file: NamedFile,
    /// What an earlier configuration named, until what of it is not named any more is gone.
    before: Named,
    /// The interfaces that have their settings.
    settled: BTreeSet<u32>,
    /// What could not be done, and why: said once, and tried again at the next change.
    faults: BTreeMap<String, String>,
}

impl Host {
    /// Brings the host to `config`, and from what an earlier configuration had it be.
    ///
    /// # Errors
    /// When the kernel cannot be followed, or takes none of the settings.
    pub async fn new(config: Config, file: NamedFile) -> io::Result<Self> {
        settings::host()?;
        let netlink = Netlink::new()?;
        // First the watch, then the dumps: what changes in between is seen twice, and nothing is missed.
        let watch = netlink.watch().await?;
        let before = file.read();
        let mut host = Self {
            config,
            netlink,
            watch,
            file,
            before,
            settled: BTreeSet::new(),
            faults: BTreeMap::new(),
        };
        host.remember();
        host.apply().await?;
        Ok(host)
    }

    /// Waits until the kernel tells of changes that concern this host. Safe to cancel.
    ///
    /// # Errors
    /// When the kernel can no longer be followed.
    pub async fn changed(&mut self) -> io::Result<()> {
        loop {
            let event = self.watch.next().await?;
            let mut ours = self.concerns(&event);
            while let Some(event) = self.watch.try_next()? {
                ours |= self.concerns(&event);
            }
            if ours {
                return Ok(());
            }
        }
    }

    /// What taking up `config` means.
    pub fn effect(&self, config: &Config) -> Effect {
        if Named::by(config) == Named::by(&self.config) {
            Effect::None
        } else {
            Effect::Live
        }
    }

    /// From here on the host is to be as in `config`; what the configuration before it named and this one
    /// does not is removed.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub async fn take_up(&mut self, config: Config) -> io::Result<()> {
        let before = Named::by(&self.config);
        self.before = std::mem::take(&mut self.before).and(before);
        self.config = config;
        self.settled.clear();
        self.faults.clear();
        self.remember();
        self.apply().await
    }

    /// Adds what is missing, then removes what is too much: what moves is never gone. What the kernel
    /// refuses is said and left for the next change.
    ///
    /// # Errors
    /// When the kernel does not say what it has.
    pub async fn apply(&mut self) -> io::Result<()> {
        let kernel = self.dump().await?;
        for link in &kernel.links {
            if self.is_bond(&link.name) && self.settled.insert(link.index) {
                let result = settings::interface(&link.name);
                self.note(format!("settings of {}", link.name), "written", result);
            }
        }
        for step in missing(&self.config, &kernel) {
            self.add(step).await;
        }
        if self.before != Named::default() {
            self.clear().await?;
        }
        Ok(())
    }

    /// Removes what an earlier configuration named. Once that is done it is forgotten: who adds the same
    /// later means it.
    async fn clear(&mut self) -> io::Result<()> {
        let kernel = self.dump().await?;
        let mut is_clear = true;
        for step in surplus(&self.before, &self.config, &kernel) {
            is_clear &= self.remove(step).await;
        }
        if is_clear {
            self.before = Named::default();
            self.remember();
        }
        Ok(())
    }

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

    async fn dump(&self) -> io::Result<Kernel> {
        Ok(Kernel {
            links: self.netlink.links().await?,
            addresses: self.netlink.addresses().await?,
            routes: self.netlink.routes().await?,
        })
    }

    /// Writes down what may be there from here on.
    fn remember(&mut self) {
        let named = self.before.clone().and(Named::by(&self.config));
        let result = self.file.write(&named);
        if result.is_err() || self.faults.contains_key(MEMORY) {
            self.note(MEMORY.to_owned(), "written", result);
        }
    }

    async fn add(&mut self, step: Step) {
        let result = match step {
            Step::Address(a) => {
                self.netlink
                    .add_address(a.ifindex, a.address, a.prefix)
                    .await
            }
            Step::Route { route: r, ifindex } => {
                self.netlink
                    .add_route((r.destination, r.prefix), Some(r.gateway), ifindex)
                    .await
            }
        };
        self.note(step.to_string(), "added", result.map_err(Into::into));
    }

    async fn remove(&mut self, step: Step) -> bool {
        let result = match step {
            Step::Address(a) => {
                self.netlink
                    .remove_address(a.ifindex, a.address, a.prefix)
                    .await
            }
            Step::Route { route: r, ifindex } => {
                self.netlink
                    .remove_route((r.destination, r.prefix), Some(r.gateway), ifindex)
                    .await
            }
        };
        let is_removed = result.is_ok();
        self.note(step.to_string(), "removed", result.map_err(Into::into));
        is_removed
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

/// The state file, among faults.
const MEMORY: &str = "what is to be removed one day";
