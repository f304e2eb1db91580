//! Which of two configurations each daemon has.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tests::config::{EXTRA, SPARE, canonical};
use tests::pair::Pair;
use tests::plan::{Family, Method, Router, Vip};
use tests::{run, wait};

use super::variant;

/// One of the two configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Old,
    New,
}

impl Which {
    pub fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

/// The two configurations' canonical texts.
struct Texts([(Which, String); 2]);

impl Texts {
    fn new() -> Result<Self> {
        let text = |which| Ok::<_, anyhow::Error>((which, canonical(&variant(which).text())?));
        Ok(Self([text(Which::Old)?, text(Which::New)?]))
    }

    fn which(&self, text: &str) -> Result<Which> {
        let mut texts = self.0.iter();
        texts
            .find_map(|(which, canonical)| (canonical == text).then_some(*which))
            .with_context(|| format!("neither the old nor the new configuration:\n{text}"))
    }
}

/// Waits until everybody has the same one; how each sees it is in the error.
pub fn settle(pair: &Pair, number: u8, bound: Duration) -> Result<Which> {
    let texts = Texts::new()?;
    wait::until_ok(bound, || {
        let seen = seen(pair, number, &texts)?;
        let (_, first) = seen[0];
        let all = seen.iter().all(|(_, which)| *which == first);
        ensure!(all, "{seen:?}");
        Ok(first)
    })
}

/// The running file, and what ctld, lvsd, healthd, vrrpd and hostd show of it.
fn seen(pair: &Pair, number: u8, texts: &Texts) -> Result<[(&'static str, Which); 6]> {
    let appliance = pair.at(number);
    // What is committed is written in the canonical form, and so is the lab's first commit.
    Ok([
        ("file", texts.which(&appliance.file_text()?)?),
        ("ctld", texts.which(&appliance.configuration()?)?),
        ("lvsd", lvsd(&appliance.show("service")?)?),
        ("healthd", healthd(&appliance.show("health")?)?),
        ("vrrpd", vrrpd(&appliance.show("vrrp")?)?),
        ("hostd", hostd(pair, number)?),
    ])
}

/// By the weights, and by the service that comes and goes: both or neither.
fn lvsd(shown: &Value) -> Result<Which> {
    let services = shown["service"].as_array().context("no services")?;
    let named = |name: &str| services.iter().find(|service| service["name"] == name);
    let maglev = named(&Vip::maglev(Method::Nat, Family::V4).name()).context("no service")?;
    let first = maglev["reals"].as_array().and_then(|reals| reals.first());
    let weight = first.and_then(|real| real["weight"].as_u64());
    match (weight, named(EXTRA).is_some()) {
        (Some(5), false) => Ok(Which::Old),
        (Some(1), true) => Ok(Which::New),
        (weight, extra) => bail!("lvsd: weight {weight:?}, {EXTRA} is there: {extra}"),
    }
}

fn healthd(shown: &Value) -> Result<Which> {
    let checks = shown["health"].as_array().context("no checks")?;
    Ok(new_if(checks.iter().any(|check| check["service"] == EXTRA)))
}

fn vrrpd(shown: &Value) -> Result<Which> {
    let routers = shown["vrrp"].as_array().context("no virtual routers")?;
    let preempting = routers.iter().filter(|router| router["preempt"] == true);
    match preempting.count() {
        0 => Ok(Which::Old),
        some if some == Router::all().len() => Ok(Which::New),
        some => bail!("vrrpd: {some} virtual routers preempt"),
    }
}

fn hostd(pair: &Pair, number: u8) -> Result<Which> {
    let namespace = pair.lab.place(number)?.namespace.name();
    let mut list = run::program("ip");
    let addresses = run::output(list.args(["-n", namespace, "-o", "address", "show", "bond0"]))?;
    Ok(new_if(addresses.contains(&format!(" {SPARE}/"))))
}

fn new_if(new: bool) -> Which {
    if new { Which::New } else { Which::Old }
}
