//! Selection: which ports belong together, and which aggregator carries the bond's traffic.

use core::fmt;

use serde::{Deserialize, Serialize};
use wire::Mac;
use wire::lacp::State as Bits;

use super::port::{Port, System};
use super::{mux, receive};

/// Selection's verdict on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selected {
    /// No aggregator.
    Unselected,
    /// The aggregator that carries the traffic.
    Selected,
    /// Another aggregator, which waits.
    Standby,
}

impl Selected {
    /// The verdict's name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unselected => "unselected",
            Self::Selected => "selected",
            Self::Standby => "standby",
        }
    }
}

impl fmt::Display for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The LAG ID as far as it differs within one system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LagId {
    key: u16,
    partner_priority: u16,
    partner_system: Mac,
    partner_key: u16,
    /// An individual link is alone in its aggregator.
    individual: Option<u16>,
}

/// How good an aggregator is, compared field by field.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    aggregates: bool,
    ports: usize,
    bandwidth: u64,
}

fn lag_id(port: &Port, system: &System) -> LagId {
    let individual = !port.partner_has(Bits::AGGREGATION);
    LagId {
        key: port.key(system),
        partner_priority: port.partner.system_priority,
        partner_system: port.partner.system,
        partner_key: port.partner.key,
        individual: individual.then_some(port.number),
    }
}

/// Whether the port has a partner that it could be aggregated with.
fn is_selectable(port: &Port) -> bool {
    port.is_enabled && port.is_lacp_enabled() && !port.is_defaulted && !port.is_looped()
}

/// Runs selection; true when something changed.
pub fn step(ports: &mut [Port], system: &System, active: &mut Option<u8>) -> bool {
    let mut changed = false;
    for port in ports.iter_mut().filter(|port| !is_selectable(port)) {
        changed |= port.selected != Selected::Unselected;
        port.selected = Selected::Unselected;
    }
    for i in 0..ports.len() {
        changed |= join(ports, i, system);
    }
    let best = choose(ports, *active);
    changed |= best != *active;
    *active = best;
    for port in ports.iter_mut().filter(|port| is_member(port)) {
        let verdict = if port.aggregator == best {
            Selected::Selected
        } else {
            Selected::Standby
        };
        changed |= port.selected != verdict;
        port.selected = verdict;
    }
    changed
}

/// Whether the port is in an aggregator now: not on its way out of one.
fn is_member(port: &Port) -> bool {
    port.aggregator.is_some() && port.selected != Selected::Unselected
}

/// Puts a detached port with a partner into the aggregator of its LAG ID, or into a free one.
fn join(ports: &mut [Port], i: usize, system: &System) -> bool {
    let Some(port) = ports.get(i) else {
        return false;
    };
    let is_free = port.selected == Selected::Unselected && port.mux == mux::State::Detached;
    if !is_free || !is_selectable(port) {
        return false;
    }
    let id = lag_id(port, system);
    let same = |other: &&Port| is_member(other) && lag_id(other, system) == id;
    let own = u8::try_from(i).ok();
    let is_taken = |number: u8| ports.iter().any(|other| other.aggregator == Some(number));
    let numbers = own.into_iter().chain(0..u8::MAX);
    let joined = ports.iter().find(same).and_then(|other| other.aggregator);
    let aggregator = joined.or_else(|| numbers.into_iter().find(|&number| !is_taken(number)));
    let Some(port) = ports.get_mut(i) else {
        return false;
    };
    port.aggregator = aggregator;
    port.selected = Selected::Standby;
    true
}

/// ad_select `stable`: the active aggregator stays while a partner answers on one of its ports;
/// then the best: not individual, most ports, most bandwidth, first.
fn choose(ports: &[Port], active: Option<u8>) -> Option<u8> {
    let answers = |port: &&Port| is_member(port) && port.receive == receive::State::Current;
    let worth = |aggregator: Option<u8>| {
        let answering = || {
            ports
                .iter()
                .filter(answers)
                .filter(move |port| port.aggregator == aggregator)
        };
        Worth {
            aggregates: answering().any(|port| port.partner_has(Bits::AGGREGATION)),
            ports: answering().count(),
            bandwidth: answering()
                .map(|port| u64::from(port.speed.unwrap_or(0)))
                .sum(),
        }
    };
    if active.is_some() && worth(active).ports > 0 {
        return active;
    }
    let candidates = ports.iter().filter(answers).map(|port| port.aggregator);
    let best = candidates
        .rev()
        .max_by_key(|&aggregator| worth(aggregator))
        .flatten();
    let still_there = || {
        ports
            .iter()
            .any(|port| is_member(port) && port.aggregator == active)
    };
    best.or_else(|| active.filter(|_| still_there()))
}

/// Ready: no port that is selected into this aggregator waits any longer.
#[must_use]
pub fn is_ready(ports: &[Port], aggregator: Option<u8>, now: wire::Instant) -> bool {
    let waits = |port: &&Port| {
        port.mux == mux::State::Waiting
            && port.selected == Selected::Selected
            && port.wait_while.is_some_and(|until| until > now)
    };
    !ports
        .iter()
        .filter(waits)
        .any(|port| port.aggregator == aggregator)
}
