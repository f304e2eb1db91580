//! The lab: client, switch, cables, real servers and the places of one or two appliances, raised in
//! network namespaces and gone with its value.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::appliance::Appliance;
use crate::cable::{self, Cable};
use crate::client::Client;
use crate::client::http::Connection;
use crate::namespace::Namespace;
use crate::ovs::{LacpRate, Switch};
use crate::plan::{BOXES, REALS, Vip};
use crate::real::{BODY, Real};
use crate::{host, wait};

pub mod directory;
mod place;

pub use place::{MEMBERS, Place, SWITCH_PORTS};

use directory::Directory;

/// A raised lab. Its fields are dropped from top to bottom: programs, namespaces, directory.
#[derive(Debug)]
pub struct Lab {
    /// The client.
    pub client: Client,
    /// Open vSwitch.
    pub switch: Switch,
    /// nginx `r1`, `r2`, `r3`.
    pub reals: Vec<Real>,
    /// Where the appliances run: box 1, and box 2 if there is one.
    pub places: Vec<Place>,
    switch_namespace: Namespace,
    real_namespaces: Vec<Namespace>,
    client_namespace: Namespace,
    cable_namespace: Namespace,
    directory: Directory,
}

impl Lab {
    /// Sweeps what a killed predecessor left, and raises everything for one appliance except
    /// itself. `rate` is the rate that the switch asks LACPDUs at.
    pub fn raise(rate: LacpRate) -> Result<Self> {
        Self::raise_with(rate, 1)
    }

    /// As [`Lab::raise`], for two appliances.
    pub fn raise_pair(rate: LacpRate) -> Result<Self> {
        Self::raise_with(rate, BOXES)
    }

    fn raise_with(rate: LacpRate, boxes: u8) -> Result<Self> {
        directory::sweep();
        let directory = Directory::create()?;
        let create = |role: &str| Namespace::create(&directory.namespace(role));
        let switch_namespace = create("switch")?;
        let client_namespace = create("client")?;
        let cable_namespace = create("cable")?;
        let real_names: Vec<String> = (1..=REALS).map(|number| format!("r{number}")).collect();
        let real_namespaces = real_names
            .iter()
            .map(|name| create(name))
            .collect::<Result<Vec<_>>>()?;

        cable::prepare(&cable_namespace)?;
        host::prepare_switch(&switch_namespace)?;
        let places = (1..=boxes)
            .map(|number| Place::lay(number, &directory, &cable_namespace, &switch_namespace))
            .collect::<Result<Vec<_>>>()?;
        host::attach_client(&client_namespace, &switch_namespace, "client")?;
        for (number, (namespace, port)) in (1..).zip(real_namespaces.iter().zip(&real_names)) {
            host::attach_real(namespace, &switch_namespace, port, number)?;
        }

        let switch = Switch::start(&switch_namespace, &directory.room("switch")?)?;
        switch.add_port("client")?;
        real_names
            .iter()
            .try_for_each(|port| switch.add_port(port))?;
        for place in &places {
            switch.add_bond(place.lag(), &place.switch_ports(), rate)?;
        }
        let reals = real_namespaces
            .iter()
            .zip(&real_names)
            .map(|(namespace, name)| Real::start(name, namespace, &directory.room(name)?))
            .collect::<Result<Vec<_>>>()?;
        let client = Client::start(&client_namespace)?;
        Ok(Self {
            client,
            switch,
            reals,
            places,
            switch_namespace,
            real_namespaces,
            client_namespace,
            cable_namespace,
            directory,
        })
    }

    /// Starts the appliance of a lab for one: the supervisor found in `binaries`, on
    /// `configuration`.
    pub fn start_appliance(&self, binaries: &Path, configuration: &str) -> Result<Appliance> {
        self.start_box(1, binaries, configuration)
    }

    /// Starts box `number` (1 or 2).
    pub fn start_box(&self, number: u8, binaries: &Path, configuration: &str) -> Result<Appliance> {
        let place = self.place(number)?;
        Appliance::start(&place.namespace, binaries, place.room(), configuration)
    }

    /// The place of box `number` (1 or 2).
    pub fn place(&self, number: u8) -> Result<&Place> {
        let place = self.places.iter().find(|place| place.number == number);
        place.with_context(|| format!("there is no box {number}"))
    }

    /// The namespace of the first box, in most labs the only one.
    pub fn appliance(&self) -> &Namespace {
        &self.places[0].namespace
    }

    /// The cables of the first box, in the order of [`MEMBERS`].
    pub fn cables(&self) -> &[Cable] {
        &self.places[0].cables
    }

    /// A directory of the lab's own that goes with it.
    pub fn room(&self, name: &str) -> Result<PathBuf> {
        self.directory.room(name)
    }

    /// The client's namespace.
    pub fn client_namespace(&self) -> &Namespace {
        &self.client_namespace
    }

    /// The switch's namespace.
    pub fn switch_namespace(&self) -> &Namespace {
        &self.switch_namespace
    }

    /// The namespace that the cables are laid in.
    pub fn cable_namespace(&self) -> &Namespace {
        &self.cable_namespace
    }

    /// The namespace of real `number` (1 to 3).
    pub fn real_namespace(&self, number: u8) -> Result<&Namespace> {
        let index = usize::from(number)
            .checked_sub(1)
            .context("reals are counted from 1")?;
        self.real_namespaces
            .get(index)
            .with_context(|| format!("there is no real {number}"))
    }

    /// Waits until the switch aggregates both members of every box.
    pub fn wait_for_bond(&self) -> Result<()> {
        self.places
            .iter()
            .try_for_each(|place| self.wait_for_bond_of(place.number))
    }

    /// Waits until the switch aggregates both members of box `number`.
    pub fn wait_for_bond_of(&self, number: u8) -> Result<()> {
        let lag = self.place(number)?.lag();
        self.switch.lag(lag).wait(Duration::from_secs(60))
    }

    /// Waits until each of `services` answers one request.
    pub fn wait_for_services(&self, services: &[Vip]) -> Result<()> {
        for vip in services {
            let target = vip.address();
            let ask = || async move { Connection::open(target).await?.get(BODY).await };
            wait::until_ok(Duration::from_secs(20), || self.client.run(ask()))
                .with_context(|| format!("waiting for {}", vip.name()))?;
        }
        Ok(())
    }
}
