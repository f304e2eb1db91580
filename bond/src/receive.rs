//! Which received frames are the bond's.

use wire::Mac;

use crate::DropReason;
use crate::egress::Table;

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
    if !table
        .members
        .get(member)
        .is_some_and(|entry| entry.rx_enabled)
    {
        return Err(DropReason::InactiveMember);
    }
    if destination != table.bond_mac && !destination.is_group() {
        return Err(DropReason::ForeignMac);
    }
    if source == table.bond_mac {
        return Err(DropReason::OwnMac);
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests/admit.rs"]
mod tests;
