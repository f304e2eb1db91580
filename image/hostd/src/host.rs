//! Follows the kernel and brings it to what is configured.

mod guard;
mod steps;

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

use control::config::{Config, Management, Vlan};
use control::ipc::Effect;
use netio::netlink::{Event, Netlink, Watch};

use crate::faults::Faults;
use crate::named::{Named, NamedFile};
use crate::plan::{Kernel, absent, missing, surplus, unmade};
use crate::settings;

/// The host, and what it is to have.
pub struct Host {
    config: Config,
    netlink: Netlink,
    watch: Watch,
    file: NamedFile,
    /// What an earlier configuration named, until what of it is not named any more is gone.
    before: Named,
    /// Interfaces that were down before they became the management port.
    raised: Vec<String>,
    /// The interfaces that have their settings.
    settled: BTreeSet<u32>,
    /// The access list that the kernel was given last.
    access: Option<String>,
    /// What could not be done: tried again at the next change.
    faults: Faults,
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
            raised: before.raised.clone(),
            before,
            settled: BTreeSet::new(),
            access: None,
            faults: Faults::default(),
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
        let of = |config: &Config| (config.system.clone(), config.management.clone());
        let is_same = Named::by(config) == Named::by(&self.config)
            && of(config) == of(&self.config)
            && config.users == self.config.users;
        if is_same { Effect::None } else { Effect::Live }
    }

    /// What the host is to be.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The addresses that the management port has now.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub async fn management_addresses(&self) -> io::Result<Vec<IpAddr>> {
        let Some(port) = &self.config.management else {
            return Ok(Vec::new());
        };
        let links = self.netlink.links().await?;
        let link = links.iter().find(|link| link.name == port.interface);
        let Some(index) = link.map(|link| link.index) else {
            return Ok(Vec::new());
        };
        let addresses = self.netlink.addresses().await?.into_iter();
        let own = addresses.filter(|address| address.ifindex == index);
        Ok(own.map(|address| address.address).collect())
    }

    /// What the kernel has now.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn dump(&self) -> io::Result<Kernel> {
        Ok(Kernel {
            links: self.netlink.links().await?,
            addresses: self.netlink.addresses().await?,
            routes: self.netlink.routes().await?,
            rules: self.netlink.rules().await?,
        })
    }

    /// From here on the host is to be as in `config`; what the configuration before it named and this one
    /// does not is removed.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub async fn take_up(&mut self, config: Config) -> io::Result<()> {
        let before = Named::by(&self.config);
        self.before = std::mem::take(&mut self.before).and(before);
        self.before.raised.clone_from(&self.raised);
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
        let mut kernel = self.dump().await?;
        self.settle(&kernel);
        let unmade = unmade(&self.config, &kernel);
        if !unmade.is_empty() {
            for step in unmade {
                self.add(step).await;
            }
            kernel = self.dump().await?;
            self.settle(&kernel);
        }
        // Nobody comes in by an address before it is known who may.
        self.guard().await;
        for step in missing(&self.config, &kernel) {
            self.add(step).await;
        }
        self.note_absent(&kernel);
        if self.before != Named::default() {
            self.clear().await?;
        }
        Ok(())
    }

    /// Writes the settings of each configured interface, once.
    fn settle(&mut self, kernel: &Kernel) {
        for link in &kernel.links {
            let settle = match self.role(&link.name) {
                Role::None => continue,
                Role::Data => settings::interface,
                Role::Management => settings::management,
            };
            if self.settled.insert(link.index) {
                let result = settle(&link.name);
                self.faults
                    .note(format!("settings of {}", link.name), "written", result);
            }
        }
    }

    /// Says it once when the management port is not there, and once when it is.
    fn note_absent(&mut self, kernel: &Kernel) {
        let result = match absent(&self.config, kernel) {
            Some(name) => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("there is no interface {name}"),
            )),
            None => Ok(()),
        };
        self.faults.note_change(ABSENT, "there", result);
    }

    /// Removes what an earlier configuration named. Once that is done it is forgotten: who adds the same
    /// later means it.
    async fn clear(&mut self) -> io::Result<()> {
        let kernel = self.dump().await?;
        let mut is_clear = self.unguard().await;
        for step in surplus(&self.before, &self.config, &kernel) {
            is_clear &= self.remove(step).await;
        }
        if is_clear {
            self.before = Named::default();
            let mut raised = std::mem::take(&mut self.raised);
            raised.retain(|name| self.role(name) == Role::Management);
            self.raised = raised;
            self.remember();
        }
        Ok(())
    }

    /// Whether an event may leave something missing, or make possible what was refused.
    fn concerns(&mut self, event: &Event) -> bool {
        match event {
            Event::Link(link) => self.role(&link.name) != Role::None || !self.faults.is_empty(),
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

    fn role(&self, name: &str) -> Role {
        let is_management = |port: &Management| port.interface == name;
        let is_vlan = |vlan: &Vlan| vlan.interface() == name;
        if self.config.management.as_ref().is_some_and(is_management) {
            Role::Management
        } else if self.config.bonds.iter().any(|bond| bond.name == name)
            || self.config.vlans.iter().any(is_vlan)
        {
            Role::Data
        } else {
            Role::None
        }
    }

    /// Writes down what may be there from here on.
    fn remember(&mut self) {
        let mut named = self.before.clone().and(Named::by(&self.config));
        named.raised.clone_from(&self.raised);
        let result = self.file.write(&named);
        self.faults.note_change(MEMORY, "written", result);
    }
}

/// What the configuration means by an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Nothing that `hostd` looks after.
    None,
    /// A bond's or a VLAN's.
    Data,
    /// The management port.
    Management,
}

/// The state file, among faults.
const MEMORY: &str = "what is to be removed one day";
/// The management port's NIC.
const ABSENT: &str = "management port";
