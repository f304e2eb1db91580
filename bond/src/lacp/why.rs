//! Why a port is not bundled: the question that operators ask most.

use wire::lacp::State as Bits;

use super::selection::Selected;
use super::{Lacp, mux, receive};
use crate::lacp::port::Port;
use crate::{Forwarder, Why};

impl Lacp {
    /// The first thing in the way of frames on a port whose link is up; None: nothing.
    #[must_use]
    pub fn why(&self, member: usize) -> Option<Why> {
        let port = self.ports.get(member)?;
        let is_stale = self.system.forwarder == Forwarder::Stale;
        if self.is_distributing(member) {
            return is_stale.then_some(Why::ForwarderStale);
        }
        if port.is_looped() {
            return Some(Why::Loopback);
        }
        match port.receive {
            receive::State::PortDisabled => Some(Why::NoCarrier),
            receive::State::LacpDisabled => Some(Why::HalfDuplex),
            receive::State::Defaulted => Some(Why::NoPdu),
            receive::State::Expired if port.is_defaulted => Some(Why::NoPdu),
            receive::State::Expired => Some(Why::PartnerSilent),
            receive::State::Current => Some(match port.selected {
                Selected::Standby if port.aggregator == self.active => Why::Standby,
                Selected::Standby => self.differs(port),
                Selected::Unselected => Why::WaitWhile,
                Selected::Selected => match port.mux {
                    mux::State::Detached | mux::State::Waiting => Why::WaitWhile,
                    mux::State::Attached | mux::State::Collecting if is_stale => {
                        Why::ForwarderStale
                    }
                    mux::State::Attached => Why::PartnerNotInSync,
                    mux::State::Collecting => Why::PartnerNotCollecting,
                    // Distributing ports have returned above.
                    mux::State::CollectingDistributing | mux::State::Distributing => return None,
                },
            }),
        }
    }

    /// How a port differs from those of the active aggregator.
    fn differs(&self, port: &Port) -> Why {
        let is_active =
            |other: &&Port| other.selected == Selected::Selected && other.aggregator == self.active;
        let Some(chosen) = self.ports.iter().find(is_active) else {
            return Why::WaitWhile;
        };
        let system = |port: &Port| (port.partner.system_priority, port.partner.system);
        if system(port) != system(chosen) {
            Why::PartnerSystem
        } else if port.partner.key != chosen.partner.key {
            Why::PartnerKey
        } else if port.key(&self.system) != chosen.key(&self.system) {
            Why::ActorKey
        } else if !port.partner_has(Bits::AGGREGATION) {
            Why::PartnerIndividual
        } else {
            Why::WaitWhile
        }
    }
}
