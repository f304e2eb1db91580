//! The way out: next hop, MAC addresses, and the ports of a bond.

use std::net::IpAddr;

use bond::balance_alb::readdress;
use bond::feedback;
use wire::Mac;

use super::{Forwarder, Head, Loss};
use crate::exits::Exits;
use crate::nexthop::Resolution;
use crate::reason::DropReason;
use crate::shared::BondLink;
use crate::view::BondView;

/// Bytes of an Ethernet header; what is routed has no VLAN tag.
const ETHERNET_HEADER: usize = 14;

impl Forwarder {
    /// Gives a rewritten frame the MAC addresses for its way to `next_hop`: the ports that it leaves
    /// by, or none while the next hop is unknown, which the kernel is then asked to change.
    ///
    /// # Errors
    /// Why it cannot leave.
    pub fn route(&mut self, frame: &mut Head<'_>, next_hop: IpAddr) -> Result<Option<Exits>, Loss> {
        match self.hop_cache.resolve(&self.hops, next_hop) {
            Resolution::Reachable { bond, mac } => {
                let table = self.views[bond].table();
                let table = table.ok_or(Loss::Own(DropReason::NotAttached))?;
                if frame.len > ETHERNET_HEADER + self.shared.bonds[bond].mtu {
                    return Err(Loss::Own(DropReason::PacketTooBig));
                }
                set_addresses(frame.bytes, mac, table.bond_mac);
                self.leave(bond, frame).map(Some)
            }
            Resolution::Unresolved { ifindex, neighbour } => {
                self.shared.requests.ask((ifindex, neighbour));
                Ok(None)
            }
            Resolution::NoRoute => Err(Loss::Own(DropReason::NoRoute)),
        }
    }

    /// Whether a parked frame need not wait for `next_hop` any longer.
    #[must_use]
    pub fn settled(&self, next_hop: IpAddr) -> bool {
        !matches!(self.hops.resolve(next_hop), Resolution::Unresolved { .. })
    }

    /// The ports by which a finished frame leaves a bond, which may give it another source.
    ///
    /// # Errors
    /// Why it cannot leave.
    pub fn leave(&mut self, bond: usize, frame: &mut Head<'_>) -> Result<Exits, Loss> {
        let (view, link) = (&mut self.views[bond], &self.shared.bonds[bond]);
        leave(view, link, (self.worker, bond), frame)
    }
}

/// The ports by which a finished frame leaves a bond. One that is held leaves later: until then it stays as it
/// is, and does not count as sent.
pub(super) fn leave(
    view: &mut BondView,
    link: &BondLink,
    (worker, bond): (usize, usize),
    frame: &mut Head<'_>,
) -> Result<Exits, Loss> {
    let table = view.table().ok_or(Loss::Own(DropReason::NotAttached))?;
    let notice = table.notice(frame.bytes);
    let no_member = Loss::Bond(bond::DropReason::NoUsableMember);
    let ways = view.ways(frame.bytes).ok_or(no_member)?;
    // A member without a NIC is masked, as one without carrier is.
    let ports = ways.members().filter_map(|member| link.ports[member]);
    let exits = Exits::of(ports).ok_or(no_member)?;
    if ways.is_held {
        return Ok(exits.held_by(bond));
    }
    if let Some(hash) = ways.hash {
        feedback::sent(link.feedback.words(), worker, hash, frame.len);
    }
    if let Some(source) = ways.source {
        readdress(frame.bytes, source);
    }
    if let Some(notice) = notice {
        link.clients.tell(notice);
    }
    Ok(exits)
}

fn set_addresses(frame: &mut [u8], destination: Mac, source: Mac) {
    frame[..6].copy_from_slice(&destination.0);
    frame[6..12].copy_from_slice(&source.0);
}
