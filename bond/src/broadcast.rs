//! broadcast: every frame leaves by every member.

use crate::egress::Table;
use crate::transmit::Ways;

/// All usable members that are not masked.
pub(crate) fn ways(table: &Table, masked: u32) -> Option<Ways> {
    let survivors = table.survivors(masked);
    let mut left = survivors.iter().copied();
    let first = usize::from(left.next()?);
    let copies = left.filter_map(|member| 1_u32.checked_shl(member.into()));
    Some(Ways {
        copies: copies.fold(0, |all, bit| all | bit),
        ..Ways::by(first)
    })
}
