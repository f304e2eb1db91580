//! `cargo xtask demo --check`: twelve points, each in a lab of its own, from
//! the seventh on with two boxes, each figure beside its bound.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tests::appliance::Appliance;
use tests::client::load::Flood;
use tests::config;
use tests::lab::Lab;
use tests::ovs::LacpRate;
use tests::plan::{Family, Method, Vip};
use tests::real::{BODY_BYTES, content, sha256};

use crate::report::Report;

pub use pair::load;

mod bondd;
mod commits;
mod cut;
mod deaths;
mod drops;
mod failover;
mod faults;
mod leave;
mod lvsd;
mod pair;
mod reals;
mod steps;
mod traffic;

type Point = fn(&mut Report, &Path) -> Result<()>;

const POINTS: [(u8, &str, Point); 12] = [
    (1, "traffic through every service", traffic::run),
    (2, "a member is cut under load", cut::run),
    (3, "lvsd is killed under 1,000 open connections", lvsd::run),
    (4, "bondd is killed at the fast rate", bondd::run),
    (5, "every reason to drop", drops::run),
    (6, "a configuration with faults", faults::run),
    (7, "the active box is killed", failover::run),
    (8, "the active box is stopped in order", leave::run),
    (9, "a real dies, comes back, and hangs", reals::run),
    (10, "the supervisor and each daemon die", deaths::run),
    (11, "commits under load, and refused ones", commits::run),
    (12, "death at every step of a commit", steps::run),
];

/// Runs the points named in `only`, or all when it is empty, with the programs in `binaries`.
pub fn run(binaries: &Path, only: &[u8]) -> Result<Report> {
    for number in only {
        ensure!(
            POINTS.iter().any(|(point, ..)| point == number),
            "there is no point {number}"
        );
    }
    let mut report = Report::default();
    let chosen = POINTS
        .iter()
        .filter(|(number, ..)| only.is_empty() || only.contains(number));
    for (number, title, point) in chosen {
        report.heading(&format!("{number}. {title}"));
        if let Err(error) = point(&mut report, binaries) {
            report.broken(title, &error);
        }
    }
    let (held, failed) = report.counts();
    println!("\n{held} figures held, {failed} did not");
    Ok(report)
}

/// A raised lab whose appliance aggregates with the switch and answers at each service.
pub struct Stage {
    pub appliance: Appliance,
    pub lab: Lab,
}

impl Stage {
    pub fn raise(binaries: &Path) -> Result<Self> {
        let rate = LacpRate::Fast;
        let lab = Lab::raise(rate)?;
        let appliance = lab.start_appliance(binaries, &config::appliance(rate))?;
        lab.wait_for_bond()?;
        let stage = Self { appliance, lab };
        stage.lab.wait_for_services(&Vip::all())?;
        Ok(stage)
    }

    /// Puts a load on the rr service of each method and family, and waits until it runs.
    pub fn load(&self, connections_per_second: u32, keep_alive: u32) -> Result<Flood> {
        pair::load(
            &self.lab.client,
            &rr_services(),
            connections_per_second,
            keep_alive,
        )
    }

    /// Resets that established connections of client and reals have suffered so far.
    pub fn resets(&self) -> Result<u64> {
        let mut resets = self.lab.client_namespace().established_resets()?;
        for number in 1..=tests::plan::REALS {
            resets += self.lab.real_namespace(number)?.established_resets()?;
        }
        Ok(resets)
    }
}

/// The rr service of each method and family.
pub fn rr_services() -> Vec<Vip> {
    let methods = [Method::Nat, Method::Dr].into_iter();
    methods
        .flat_map(|method| [Family::V4, Family::V6].map(|family| Vip::rr(method, family)))
        .collect()
}

/// SHA-256 of the small body.
pub fn body_digest() -> String {
    sha256(&content(BODY_BYTES))
}

/// Lets `length` pass while what was started goes on being watched.
pub fn observe(length: Duration) {
    let end = Instant::now() + length;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        tests::interrupt::checkpoint();
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
}
