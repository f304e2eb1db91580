//! What a switch is told about its cables, and what it shows.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wire::Instant;

use super::Fabric;
use crate::switch::counters::{Direction, Ways};
use crate::switch::fault::{Line, Loss};
use crate::switch::status::{PortStatus, Status};
use crate::switch::table::{Place, Station};

impl Fabric {
    /// Cuts a cable silently, or joins it again.
    ///
    /// # Errors
    /// When there is no such port, here and below.
    pub fn cut(&mut self, port: &str, direction: Direction, cut: bool) -> Result<()> {
        self.change(port, direction, |line| line.cut(cut))
    }

    /// Makes a cable slow.
    pub fn delay(&mut self, port: &str, direction: Direction, milliseconds: u64) -> Result<()> {
        self.change(port, direction, |line| line.delay(milliseconds))
    }

    /// Makes a cable lossy.
    pub fn lose(&mut self, port: &str, direction: Direction, loss: Option<Loss>) -> Result<()> {
        self.change(port, direction, |line| line.lose(loss))
    }

    /// Makes a cable whole: neither cut nor slow nor lossy nor out.
    pub fn heal(&mut self, now: Instant, port: &str) -> Result<()> {
        self.change(port, Direction::Both, |line| {
            line.cut(false);
            line.delay(0);
            line.lose(None);
        })?;
        self.set_carrier(now, port, true)
    }

    /// Pulls a cable out at the switch's end, or puts it in: the group hears of it at once.
    pub fn set_carrier(&mut self, now: Instant, port: &str, up: bool) -> Result<()> {
        let number = self.number(port)?;
        let port = self.ports.get_mut(number).context("a port")?;
        port.carrier = up;
        match port.group {
            Some((group, member)) => {
                if let Some(one) = self.groups.get_mut(group) {
                    one.set_carrier(now, group, member, up);
                }
            }
            None if up => {}
            None => self.table.forget(Place::Port(number)),
        }
        self.speak(now);
        Ok(())
    }

    /// Copies what a port's guest sends and is sent to another port, or to none.
    pub fn mirror(&mut self, port: &str, to: Option<&str>) -> Result<()> {
        let (number, to) = (
            self.number(port)?,
            to.map(|to| self.number(to)).transpose()?,
        );
        if to == Some(number) {
            bail!("port {port} cannot be its own mirror");
        }
        let port = self.ports.get_mut(number).context("a port")?;
        port.mirror = to;
        Ok(())
    }

    /// Writes what one port's or every port's guest sends and is sent to a pcapng file.
    ///
    /// # Errors
    /// Also when the file cannot be written.
    pub fn record(&mut self, port: Option<&str>, file: &Path) -> Result<()> {
        let port = port.map(|port| self.number(port)).transpose()?;
        self.recorder.start(port, file)
    }

    /// Ends the recording into this file.
    ///
    /// # Errors
    /// When nothing is recorded there.
    pub fn stop_recording(&mut self, file: &Path) -> Result<()> {
        self.recorder.stop(file)
    }

    /// Everything there is to see.
    pub fn status(&self) -> Status {
        let name = |number: usize| self.ports.get(number).map_or("", |port| &port.name);
        let ports = self.ports.iter().map(|port| PortStatus {
            name: port.name.clone(),
            group: port
                .group
                .and_then(|(group, _)| Some(self.groups.get(group)?.name().to_owned())),
            carries: self.carries(port),
            carrier: port.carrier,
            faults: Ways {
                inward: port.lines.inward.fault(),
                outward: port.lines.outward.fault(),
            },
            mirror: port.mirror.map(|to| name(to).to_owned()),
            counters: port.counters.clone(),
        });
        let groups = self.groups.iter();
        Status {
            ports: ports.collect(),
            groups: groups
                .map(|group| group.status(|port| name(port).to_owned()))
                .collect(),
            recordings: self.recorder.status(),
        }
    }

    /// The forwarding database.
    pub fn fdb(&self, now: Instant) -> Vec<Station> {
        self.table.stations(now, |place| {
            match place {
                Place::Port(number) => self.ports.get(number).map(|port| port.name.clone()),
                Place::Group(number) => {
                    self.groups.get(number).map(|group| group.name().to_owned())
                }
            }
            .unwrap_or_default()
        })
    }

    fn number(&self, name: &str) -> Result<usize> {
        let place = self.ports.iter().position(|port| port.name == name);
        place.with_context(|| {
            let names: Vec<&str> = self.ports.iter().map(|port| port.name.as_str()).collect();
            format!("no port {name}; there are {}", names.join(", "))
        })
    }

    fn change(&mut self, port: &str, direction: Direction, work: impl Fn(&mut Line)) -> Result<()> {
        let number = self.number(port)?;
        let port = self.ports.get_mut(number).context("a port")?;
        for way in direction.ways() {
            work(port.lines.of_mut(*way));
        }
        Ok(())
    }
}
