//! The lab: client, switch, cables, real servers and the appliance's place, raised in network
//! namespaces and gone with its value.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::appliance::Appliance;
use crate::cable::{self, Cable, End};
use crate::client::Client;
use crate::client::http::Connection;
use crate::namespace::Namespace;
use crate::ovs::{LacpRate, Switch};
use crate::plan::{REALS, Vip};
use crate::real::{BODY, Real};
use crate::{host, wait};

pub mod directory;

use directory::Directory;

/// The switch's ends of the cables.
pub const SWITCH_PORTS: [&str; 2] = ["m1", "m2"];
/// The appliance's ends of the cables, its bond's members.
pub const MEMBERS: [&str; 2] = ["eth1", "eth2"];

/// A raised lab. Its fields are dropped from top to bottom: programs, namespaces, directory.
#[derive(Debug)]
pub struct Lab {
    /// The client.
    pub client: Client,
    /// Open vSwitch.
    pub switch: Switch,
    /// nginx `r1`, `r2`, `r3`.
    pub reals: Vec<Real>,
    /// The cables of [`MEMBERS`], in that order.
    pub cables: Vec<Cable>,
    /// Where the appliance runs.
    pub appliance: Namespace,
    switch_namespace: Namespace,
    real_namespaces: Vec<Namespace>,
    client_namespace: Namespace,
    cable_namespace: Namespace,
    directory: Directory,
}

impl Lab {
    /// Sweeps what a killed predecessor left, and raises everything except the appliance. `rate`
    /// is the rate that the switch asks LACPDUs at.
    pub fn raise(rate: LacpRate) -> Result<Self> {
        directory::sweep();
        let directory = Directory::create()?;
        let create = |role: &str| Namespace::create(&directory.namespace(role));
        let switch_namespace = create("switch")?;
        let client_namespace = create("client")?;
        let cable_namespace = create("cable")?;
        let appliance = create("appliance")?;
        let real_names: Vec<String> = (1..=REALS).map(|number| format!("r{number}")).collect();
        let real_namespaces = real_names
            .iter()
            .map(|name| create(name))
            .collect::<Result<Vec<_>>>()?;

        cable::prepare(&cable_namespace)?;
        host::prepare_switch(&switch_namespace)?;
        let cables = lay_cables(&cable_namespace, &switch_namespace, &appliance)?;
        host::attach_client(&client_namespace, &switch_namespace, "client")?;
        for (number, (namespace, port)) in (1..).zip(real_namespaces.iter().zip(&real_names)) {
            host::attach_real(namespace, &switch_namespace, port, number)?;
        }

        let switch = Switch::start(&switch_namespace, &directory.room("switch")?)?;
        switch.add_port("client")?;
        real_names
            .iter()
            .try_for_each(|port| switch.add_port(port))?;
        switch.add_bond(&SWITCH_PORTS, rate)?;
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
            cables,
            appliance,
            switch_namespace,
            real_namespaces,
            client_namespace,
            cable_namespace,
            directory,
        })
    }

    /// Starts the appliance: the supervisor found in `binaries`, on `configuration`.
    pub fn start_appliance(&self, binaries: &Path, configuration: &str) -> Result<Appliance> {
        Appliance::start(
            &self.appliance,
            binaries,
            &self.directory.room("appliance")?,
            configuration,
        )
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

    /// Waits until switch and appliance aggregate both members.
    pub fn wait_for_bond(&self) -> Result<()> {
        self.switch.wait_for_bond(Duration::from_secs(60))
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

fn lay_cables(room: &Namespace, switch: &Namespace, appliance: &Namespace) -> Result<Vec<Cable>> {
    let ends = SWITCH_PORTS.into_iter().zip(MEMBERS);
    (1..)
        .zip(ends)
        .map(|(number, (port, member))| {
            let switch = End {
                namespace: switch,
                interface: port,
            };
            Cable::lay(
                room,
                number,
                switch,
                End {
                    namespace: appliance,
                    interface: member,
                },
            )
        })
        .collect()
}
