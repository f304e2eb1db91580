//! Which ports of the active aggregator carry traffic when fewer may than could
//! (`lacp_max_bundle`): both ends go by the priorities of the one whose system identifier is lower.

use wire::lacp::State as Bits;

use super::port::{Port, System};
use super::receive;
use super::selection::is_member;
use crate::MAX_MEMBERS;

/// A port's place in the order of preference; less is better.
type Rank = (bool, bool, (u16, u16));

/// The ports of this aggregator that are selected, by their place in the bond. `most` 0: all are.
#[must_use]
pub fn selected(
    ports: &[Port],
    system: &System,
    most: u8,
    aggregator: Option<u8>,
) -> heapless::Vec<usize, MAX_MEMBERS> {
    let members = || {
        let of = ports.iter().enumerate();
        of.filter(|(_, port)| is_member(port) && port.aggregator == aggregator)
    };
    let mut chosen: heapless::Vec<usize, MAX_MEMBERS> = members().map(|(i, _)| i).collect();
    let most = usize::from(most);
    if most == 0 || chosen.len() <= most {
        return chosen;
    }
    let is_any_attached = members().any(|(_, port)| port.mux.is_attached());
    let rank = |i: usize| ports.get(i).map(|port| rank(port, system, is_any_attached));
    chosen.sort_unstable_by_key(|&i| rank(i));
    chosen.truncate(most);
    chosen
}

/// First who can carry traffic at all, then who need not wait for Aggregate_Wait_Time while
/// another carries it already, then by priority.
fn rank(port: &Port, system: &System, is_any_attached: bool) -> Rank {
    let is_heard = port.receive == receive::State::Current;
    let hears_us = !port.partner_has(Bits::EXPIRED) && !port.partner_has(Bits::DEFAULTED);
    let has_to_wait = !port.mux.is_attached() && port.wait_while.is_some();
    let actor = (system.priority, system.id);
    let partner = (port.partner.system_priority, port.partner.system);
    let priority = if actor <= partner {
        (port.priority, port.number)
    } else {
        (port.partner.port_priority, port.partner.port)
    };
    (
        !(is_heard && hears_us),
        is_any_attached && has_to_wait,
        priority,
    )
}
