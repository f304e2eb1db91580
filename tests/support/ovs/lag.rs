//! One of the switch's LACP bonds.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{Bond, Control, Lacp, Monitor};
use crate::wait;

/// A bond of the switch, by its name.
#[derive(Clone, Debug)]
pub struct Lag {
    control: Control,
    name: &'static str,
    log: PathBuf,
}

impl Lag {
    pub(super) fn new(control: Control, name: &'static str, log: PathBuf) -> Self {
        Self { control, name, log }
    }

    /// What the switch says of it (`bond/show`).
    pub fn bond(&self) -> Result<Bond> {
        Ok(Bond::parse(&self.control.ask("bond/show", &[self.name])?))
    }

    /// What the switch says of its LACP (`lacp/show`).
    pub fn lacp(&self) -> Result<Lacp> {
        Ok(Lacp::parse(&self.control.ask("lacp/show", &[self.name])?))
    }

    /// Starts to watch whether a member or the whole is ever seen to leave.
    pub fn monitor(&self) -> Result<Monitor> {
        Monitor::start(self.clone(), &self.log)
    }

    /// Waits until LACP is negotiated and every member carries traffic.
    pub fn wait(&self, bound: Duration) -> Result<()> {
        wait::until_ok(bound, || {
            let (bond, lacp) = (self.bond()?, self.lacp()?);
            ensure!(bond.is_whole() && lacp.is_whole(), "{bond:?} {lacp:?}");
            Ok(())
        })
        .with_context(|| format!("waiting for the switch to aggregate {}", self.name))
    }
}
