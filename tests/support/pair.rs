//! Two boxes in one lab, each Active for what the plan prefers it for.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::appliance::Appliance;
use crate::config::Variant;
use crate::lab::Lab;
use crate::ovs::LacpRate;
use crate::plan::{BOXES, Router, Vip, other};

/// Longer than a box needs to find its place: the LAG at the fast rate, an Active_Down_Interval, and
/// what a busy machine adds.
const SETTLED: Duration = Duration::from_secs(20);

/// Two running boxes; dropping it stops them in order.
#[derive(Debug)]
pub struct Pair {
    boxes: Vec<Appliance>,
    /// The lab around them.
    pub lab: Lab,
}

impl Pair {
    /// Raises the lab and both boxes, and waits until each is Active for its own virtual routers,
    /// every real is up and every service answers. Nobody preempts any more then.
    pub fn raise(binaries: &Path) -> Result<Self> {
        let lab = Lab::raise_pair(LacpRate::Fast)?;
        let pair = Self {
            boxes: start_all(&lab, binaries)?,
            lab,
        };
        pair.lab.wait_for_bond()?;
        pair.wait_for_homes()?;
        for (number, appliance) in (1..).zip(&pair.boxes) {
            appliance
                .commit(&Variant::new(number).text())
                .and_then(super::appliance::Said::well)
                .with_context(|| format!("committing on box {number}"))?;
            appliance.wait_for_health(SETTLED)?;
        }
        pair.wait_for_homes()?;
        pair.lab.wait_for_services(&Vip::all())?;
        Ok(pair)
    }

    /// Box `number` (1 or 2).
    pub fn at(&self, number: u8) -> &Appliance {
        &self.boxes[usize::from(number - 1)]
    }

    /// Box `number` (1 or 2), to end it or to start it again.
    pub fn at_mut(&mut self, number: u8) -> &mut Appliance {
        &mut self.boxes[usize::from(number - 1)]
    }

    /// Starts box `number` again after its end, and waits until the switch aggregates it and it is
    /// Backup for every virtual router, the other being Active for all.
    pub fn return_as_backup(&mut self, number: u8) -> Result<()> {
        self.at_mut(number).start_again()?;
        self.lab.wait_for_bond_of(number)?;
        self.at(number).wait_for_roles(|_| false, SETTLED)?;
        self.at(other(number)).wait_for_roles(|_| true, SETTLED)
    }

    /// The one box that says it is Active for `router`.
    pub fn active_for(&self, router: Router) -> Result<u8> {
        let mut active = Vec::new();
        for number in 1..=BOXES {
            let roles = self.at(number).roles()?;
            if roles
                .get(router.name())
                .is_some_and(|role| role == "active")
            {
                active.push(number);
            }
        }
        ensure!(
            active.len() == 1,
            "{}: Active are {active:?}",
            router.name()
        );
        Ok(active[0])
    }

    fn wait_for_homes(&self) -> Result<()> {
        for (number, appliance) in (1..).zip(&self.boxes) {
            appliance
                .wait_for_roles(|router| router.home() == number, SETTLED)
                .with_context(|| format!("box {number}; its log:\n{}", appliance.log()))?;
        }
        Ok(())
    }
}

/// Both at once: neither needs the other to serve.
fn start_all(lab: &Lab, binaries: &Path) -> Result<Vec<Appliance>> {
    let start = |number| lab.start_box(number, binaries, &Variant::preempting(number).text());
    std::thread::scope(|scope| {
        let starting: Vec<_> = (1..=BOXES)
            .map(|number| scope.spawn(move || start(number)))
            .collect();
        let ended = starting
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join);
        ended
            .map(|box_| box_.map_err(|_| anyhow!("starting a box panicked"))?)
            .collect()
    })
}
