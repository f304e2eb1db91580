//! UDP both ways and TCP through a service, while a story goes through its parts.

use std::net::Ipv4Addr;

use anyhow::Result;

use super::{Count, Echo, Stream, Tally};
use crate::namespace::Namespace;

/// Running traffic; it has to be [finished](Load::finish).
#[derive(Debug)]
pub struct Load<P> {
    /// From the appliance.
    pub out: Stream,
    /// To it.
    pub into: Stream,
    /// Through the service.
    pub echo: Echo,
    parts: Vec<P>,
}

impl<P: Copy + PartialEq> Load<P> {
    /// Streams between the appliance and a client, beside `echo`; until all of it flows is the part `first`.
    pub fn start(
        appliance: (&Namespace, Ipv4Addr),
        client: (&Namespace, Ipv4Addr),
        echo: Echo,
        first: P,
    ) -> Result<Self> {
        let load = Self {
            out: Stream::start(appliance, client)?,
            into: Stream::start(client, appliance)?,
            echo,
            parts: vec![first],
        };
        load.wait_for_progress()?;
        Ok(load)
    }

    /// Waits until all of it flows.
    pub fn wait_for_progress(&self) -> Result<()> {
        self.out.wait_for_arrivals()?;
        self.into.wait_for_arrivals()?;
        self.echo.wait_for_progress()
    }

    /// What is sent from now on belongs to this part; so many bursts pass. What is under way when a member is
    /// touched belongs to the part that begins with that.
    pub fn begin(&mut self, part: P, bursts: usize) -> Result<()> {
        let number = self.parts.len();
        self.parts.push(part);
        self.out.begin(number);
        self.into.begin(number);
        self.out.pass(bursts)?;
        self.into.pass(2)
    }

    /// Ends it.
    pub fn finish(self) -> Result<Told<P>> {
        self.echo.wait_for_progress()?;
        let blocks = self.echo.finish()?;
        Ok(Told {
            parts: self.parts,
            ways: [self.out.finish()?, self.into.finish()?],
            blocks,
        })
    }
}

/// A story that was told: its parts, and what became of the traffic in each direction.
#[derive(Debug)]
pub struct Told<P> {
    parts: Vec<P>,
    /// From the appliance, and to it.
    ways: [Tally; 2],
    /// Blocks that came back by TCP.
    pub blocks: usize,
}

impl<P: PartialEq> Told<P> {
    /// The counts of each part of a kind, in one direction: 0 from the appliance, 1 to it.
    pub fn each(&self, kind: P, way: usize) -> Vec<Count> {
        let parts = self.parts.iter().enumerate();
        let parts = parts.filter(|(_, part)| **part == kind);
        parts.map(|(number, _)| self.ways[way].of(number)).collect()
    }

    /// The counts of all parts of a kind together, in one direction.
    pub fn of(&self, kind: P, way: usize) -> Count {
        let parts = self.each(kind, way).into_iter();
        parts.fold(Count::default(), |all, one| all + one)
    }
}
