//! Which aggregator carries the bond's traffic: Linux's `ad_select`.

use super::port::Port;
use super::receive;
use super::selection::is_member;
use crate::AdSelect;
use wire::lacp::State as Bits;

/// How good an aggregator is, compared field by field.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    aggregates: bool,
    by_policy: [u64; 3],
    is_active: bool,
}

/// Whether a partner answers on the port.
fn answers(port: &Port) -> bool {
    is_member(port) && port.receive == receive::State::Current
}

/// The aggregator to carry the traffic, given the one that does: not individual before
/// individual, then by the policy, then the one that does already, then the first. Only
/// aggregators whose partner answers count; without any, the one in use stays while it has ports.
#[must_use]
pub fn choose(ports: &[Port], policy: AdSelect, active: Option<u8>) -> Option<u8> {
    let is_answering = |number| {
        let mut of = ports.iter().filter(|port| port.aggregator == number);
        of.any(answers)
    };
    if policy == AdSelect::Stable && active.is_some() && is_answering(active) {
        return active;
    }
    let candidates = ports.iter().filter(|port| answers(port));
    let candidates = candidates.map(|port| port.aggregator);
    let best = candidates
        .rev()
        .max_by_key(|&number| worth(ports, policy, number, active))
        .flatten();
    let mut members = ports.iter().filter(|port| is_member(port));
    best.or_else(|| active.filter(|_| members.any(|port| port.aggregator == active)))
}

fn worth(ports: &[Port], policy: AdSelect, number: Option<u8>, active: Option<u8>) -> Worth {
    let all = || ports.iter().filter(|port| answers(port));
    let of = || all().filter(|port| port.aggregator == number);
    // A speed that is not known compares with none: then each port counts as much as any other.
    let is_known = all().all(|port| port.speed.is_some());
    let speed = |port: &Port| port.speed.filter(|_| is_known).map_or(1, u64::from);
    let bandwidth: u64 = of().map(speed).sum();
    let count: u64 = of().map(|_| 1).sum();
    let priorities: u64 = of().map(|port| u64::from(port.priority)).sum();
    Worth {
        aggregates: of().any(|port| port.partner_has(Bits::AGGREGATION)),
        by_policy: match policy {
            AdSelect::Stable | AdSelect::Bandwidth => [bandwidth, 0, 0],
            AdSelect::Count => [count, bandwidth, 0],
            AdSelect::ActorPortPrio => [priorities, count, bandwidth],
        },
        is_active: number == active,
    }
}

#[cfg(test)]
#[path = "../tests/aggregator.rs"]
mod tests;
