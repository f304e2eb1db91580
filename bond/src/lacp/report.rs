//! What the host is told of the machines: what changed since it was told last.

use wire::Mac;

use super::port::Port;
use super::{churn, mux, receive};
use crate::outbox::Outbox;
use crate::{End, Event};

/// What of a port is reported when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    receive: receive::State,
    mux: mux::State,
    system: Mac,
    key: u16,
    is_defaulted: bool,
    /// Whether the actor and whether the partner churns.
    churns: [bool; 2],
}

pub(super) fn view(port: &Port) -> View {
    let machines = [port.actor_churn, port.partner_churn];
    View {
        receive: port.receive,
        mux: port.mux,
        system: port.partner.system,
        key: port.partner.key,
        is_defaulted: port.is_defaulted,
        churns: machines.map(|machine| machine.state == churn::State::Churn),
    }
}

pub(super) fn report(member: usize, told: View, now: View, out: &mut Outbox) {
    let View {
        receive,
        mux,
        system,
        key,
        is_defaulted,
        churns,
    } = now;
    if receive != told.receive {
        out.event(Event::Receive {
            member,
            state: receive,
        });
    }
    let is_other = (system, key) != (told.system, told.key);
    if !is_defaulted && (told.is_defaulted || is_other) {
        out.event(Event::Partner {
            member,
            system,
            key,
        });
    }
    if mux != told.mux {
        out.event(Event::Mux { member, state: mux });
    }
    let before = told.churns.into_iter();
    let ends = [End::Actor, End::Partner]
        .into_iter()
        .zip(before.zip(churns));
    for (end, (_, churns)) in ends.filter(|(_, (before, churns))| before != churns) {
        out.event(Event::Churn {
            member,
            end,
            churns,
        });
    }
}
