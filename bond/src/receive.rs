//! Which received frames are the bond's.

use wire::Mac;

use crate::egress::Table;
use crate::{DropReason, Mode};

/// Whether a frame that came by this member and has these addresses is the bond's.
///
/// # Errors
/// The reason to drop it: the member does not collect, the frame is another station's, or it is the
/// bond's own and came back. Linux leaves the last to its stack, which drops packets from its own
/// addresses; what is forwarded past the kernel has no such net below it.
pub fn admit(
    table: &Table,
    member: usize,
    destination: Mac,
    source: Mac,
) -> Result<(), DropReason> {
    let entry = table.members.get(member);
    let entry = entry.filter(|entry| entry.rx_enabled);
    let entry = entry.ok_or(DropReason::InactiveMember)?;
    if destination.is_group() {
        if entry.unicast_only {
            return Err(DropReason::InactiveMember);
        }
    } else if !is_addressed(table, member, destination) {
        return Err(DropReason::ForeignMac);
    }
    if is_own(table, source) {
        return Err(DropReason::OwnMac);
    }
    Ok(())
}

fn is_addressed(table: &Table, member: usize, destination: Mac) -> bool {
    match table.mode {
        Mode::BalanceAlb => table.is_addressed(member, destination),
        Mode::BalanceRr
        | Mode::ActiveBackup
        | Mode::BalanceXor
        | Mode::Broadcast
        | Mode::Ieee8023ad
        | Mode::BalanceTlb => destination == table.bond_mac,
    }
}

/// Whether the bond sends from this MAC.
fn is_own(table: &Table, source: Mac) -> bool {
    let is_any = || (0..table.members.len()).any(|member| table.station(member) == source);
    match table.mode {
        Mode::BalanceTlb | Mode::BalanceAlb => source == table.bond_mac || is_any(),
        Mode::BalanceRr
        | Mode::ActiveBackup
        | Mode::BalanceXor
        | Mode::Broadcast
        | Mode::Ieee8023ad => source == table.bond_mac,
    }
}

#[cfg(test)]
#[path = "tests/admit.rs"]
mod tests;
