//! By which members of its bond a virtual router's frames leave.

use bond::Mode;
use bond::egress::Table;
use vrrp::Vrid;

/// Has `send` send this frame by the member that the virtual router's take, and by others until one could;
/// by every usable member where the bond sends it so. Whether one could.
pub fn send(table: &Table, vrid: Vrid, frame: &[u8], mut send: impl FnMut(usize) -> bool) -> bool {
    let next = |masked| match table.mode {
        // A virtual MAC is where the active member is.
        Mode::BalanceTlb | Mode::BalanceAlb => table.speaker(masked),
        Mode::BalanceRr
        | Mode::ActiveBackup
        | Mode::BalanceXor
        | Mode::Broadcast
        | Mode::Ieee8023ad => table.choose(vrid.get().into(), masked),
    };
    if table.is_for_all(frame) {
        let usable = table.usable.iter();
        return usable.filter(|&&member| send(member.into())).count() > 0;
    }
    let mut masked: u32 = 0;
    while let Some(member) = next(masked) {
        if send(member) {
            return true;
        }
        let bit = u32::try_from(member).ok();
        let bit = bit.and_then(|bit| 1_u32.checked_shl(bit));
        masked |= bit.unwrap_or(u32::MAX);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much of it as says what it is.
    const ADVERT: [u8; 14] = [1, 0, 0x5e, 0, 0, 18, 0, 0, 0x5e, 0, 1, 51, 8, 0];
    const ANNOUNCEMENT: [u8; 14] = [255, 255, 255, 255, 255, 255, 0, 0, 0x5e, 0, 1, 51, 8, 6];

    /// The members that were tried where those in `broken` cannot send, and whether one could.
    fn tried(mode: Mode, usable: &[u8], broken: &[usize]) -> (Vec<usize>, bool) {
        let table = Table {
            mode,
            usable: usable.iter().copied().collect(),
            ..Table::default()
        };
        let mut tried = Vec::new();
        let vrid = Vrid::new(51).expect("a VRID");
        let sent = send(&table, vrid, &ADVERT, |member| {
            tried.push(member);
            !broken.contains(&member)
        });
        (tried, sent)
    }

    #[test]
    fn in_broadcast_a_frame_leaves_by_every_usable_member_and_one_is_enough() {
        let mode = Mode::Broadcast;
        assert_eq!(tried(mode, &[0, 2, 3], &[]), (vec![0, 2, 3], true));
        assert_eq!(tried(mode, &[0, 2], &[0]), (vec![0, 2], true));
        assert_eq!(tried(mode, &[0, 2], &[0, 2]), (vec![0, 2], false));
        assert_eq!(tried(mode, &[], &[]), (vec![], false));
    }

    #[test]
    fn with_broadcast_neighbor_announcements_leave_by_every_usable_member_and_adverts_by_one() {
        let vrid = Vrid::new(51).expect("a VRID");
        for (broadcast_neighbor, frame, members) in [
            (true, ANNOUNCEMENT, 3),
            (true, ADVERT, 1),
            (false, ANNOUNCEMENT, 1),
        ] {
            let table = Table {
                mode: Mode::Ieee8023ad,
                mapping: bond::Mapping::Modulo,
                broadcast_neighbor,
                usable: [0, 2, 3].into_iter().collect(),
                ..Table::default()
            };
            let mut tried = Vec::new();
            let sent = send(&table, vrid, &frame, |member| {
                tried.push(member);
                true
            });
            assert_eq!((tried.len(), sent), (members, true));
        }
    }

    #[test]
    fn in_balance_tlb_and_balance_alb_a_virtual_mac_is_behind_the_active_member_only() {
        for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
            let mut table = Table {
                mode,
                usable: [0, 2, 3].into_iter().collect(),
                active: Some(2),
                ..Table::default()
            };
            for vrid in [1, 2, 51, 255].into_iter().filter_map(Vrid::new) {
                let mut tried = Vec::new();
                let mut try_by = |table: &Table| {
                    send(table, vrid, &ADVERT, |member| {
                        tried.push(member);
                        true
                    })
                };
                table.active = Some(2);
                assert!(try_by(&table));
                table.active = Some(0);
                assert!(try_by(&table));
                assert_eq!(tried, [2, 0], "{mode}");
            }
        }
    }

    #[test]
    fn in_other_modes_a_frame_leaves_by_one_member_and_by_another_only_if_that_cannot_send() {
        for mode in Mode::ALL.iter().filter(|mode| **mode != Mode::Broadcast) {
            let (first, sent) = tried(*mode, &[0, 2], &[]);
            assert_eq!((first.len(), sent), (1, true), "{mode}");
            let (both, sent) = tried(*mode, &[0, 2], &first);
            assert_eq!((both.len(), sent), (2, true), "{mode}");
            assert_eq!(tried(*mode, &[0, 2], &[0, 2]).0.len(), 2, "{mode}");
            assert!(!tried(*mode, &[0, 2], &[0, 2]).1, "{mode}");
        }
    }
}
