//! Selection: which ports belong together, and which of them carry the bond's traffic.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::lag_id::LagId;
use super::policy::Policy;
use super::port::{Port, System};
use super::{aggregator, mux, standby};

/// Selection's verdict on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selected {
    /// No aggregator.
    Unselected,
    /// The aggregator that carries the traffic.
    Selected,
    /// Another aggregator, or one port too many of this one: it waits.
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

/// Whether the port has a partner that it could be aggregated with.
fn is_selectable(port: &Port) -> bool {
    port.is_enabled && port.is_lacp_enabled() && !port.is_defaulted && !port.is_looped()
}

/// Runs selection; true when something changed.
pub fn step(ports: &mut [Port], system: &System, policy: &Policy, active: &mut Option<u8>) -> bool {
    let mut changed = false;
    for port in ports.iter_mut().filter(|port| !is_selectable(port)) {
        changed |= port.selected != Selected::Unselected;
        port.selected = Selected::Unselected;
    }
    for i in 0..ports.len() {
        changed |= join(ports, i, system);
    }
    let best = aggregator::choose(ports, policy.ad_select, *active);
    changed |= best != *active;
    *active = best;
    let chosen = standby::selected(ports, system, policy.max_bundle, best);
    let members = ports.iter_mut().enumerate();
    for (i, port) in members.filter(|(_, port)| is_member(port)) {
        let verdict = if chosen.contains(&i) && best.is_some() {
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
pub(super) fn is_member(port: &Port) -> bool {
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
    let id = LagId::of(port, system);
    let same = |other: &&Port| is_member(other) && LagId::of(other, system) == id;
    let own = u8::try_from(port.number).ok();
    let is_taken = |number: u8| ports.iter().any(|other| other.aggregator == Some(number));
    let numbers = own.into_iter().chain(1..=u8::MAX);
    let joined = ports.iter().find(same).and_then(|other| other.aggregator);
    let aggregator = joined.or_else(|| numbers.into_iter().find(|&number| !is_taken(number)));
    let Some(port) = ports.get_mut(i) else {
        return false;
    };
    port.aggregator = aggregator;
    port.selected = Selected::Standby;
    true
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
