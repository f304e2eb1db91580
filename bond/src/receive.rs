//! Which received frames are the bond's.

use wire::Mac;

use crate::DropReason;
use crate::egress::Table;

/// Whether a frame that came by this member and has this destination is the bond's.
///
/// # Errors
/// The reason to drop it: the member does not collect, or the frame is another station's.
pub fn admit(table: &Table, member: usize, destination: Mac) -> Result<(), DropReason> {
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use wire::Mac;

    use super::admit;
    use crate::DropReason;
    use crate::egress::{MemberEntry, Table};

    const OWN: Mac = Mac([2, 0, 0, 0, 0, 1]);

    fn table() -> Table {
        let entry = MemberEntry {
            rx_enabled: true,
            ..MemberEntry::default()
        };
        let members = [
            entry,
            MemberEntry {
                rx_enabled: false,
                ..entry
            },
        ];
        Table {
            bond_mac: OWN,
            members: members.into_iter().collect(),
            ..Table::default()
        }
    }

    #[test]
    fn a_collecting_member_takes_the_bonds_frames_and_group_frames() {
        assert_eq!(admit(&table(), 0, OWN), Ok(()));
        assert_eq!(admit(&table(), 0, Mac::BROADCAST), Ok(()));
        assert_eq!(admit(&table(), 0, Mac([1, 0, 0x5e, 0, 0, 1])), Ok(()));
    }

    #[test]
    fn an_inactive_or_unknown_member_takes_nothing() {
        assert_eq!(admit(&table(), 1, OWN), Err(DropReason::InactiveMember));
        assert_eq!(
            admit(&table(), 1, Mac::BROADCAST),
            Err(DropReason::InactiveMember)
        );
        assert_eq!(admit(&table(), 2, OWN), Err(DropReason::InactiveMember));
    }

    #[test]
    fn another_stations_frame_is_dropped() {
        let other = Mac([2, 0, 0, 0, 0, 2]);
        assert_eq!(admit(&table(), 0, other), Err(DropReason::ForeignMac));
    }
}
