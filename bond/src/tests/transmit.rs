extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::Ways;
use crate::balance_rr::Turn;
use crate::egress::Table;
use crate::hash::xmit_hash;
use crate::resilient::{equal, remap};
use crate::{Mapping, Mode, XmitHashPolicy};

fn table(mode: Mode, mapping: Mapping, usable: &[u8]) -> Table {
    let mut table = Table {
        mode,
        mapping,
        policy: XmitHashPolicy::Layer34,
        usable: usable.iter().copied().collect(),
        ..Table::default()
    };
    remap(&mut table.buckets, &equal(usable));
    table
}

/// A UDP packet of this source port.
fn flow(port: u16) -> Vec<u8> {
    let mut frame = [0; 12].to_vec();
    frame.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(port.to_be_bytes());
    frame.extend([0, 53, 0, 8, 0, 0]);
    frame
}

fn ways(table: &Table, frame: &[u8], masked: u32) -> Option<Ways> {
    table.ways(&mut Turn::new(0), frame, masked)
}

#[test]
fn broadcast_leaves_by_every_usable_member_once_and_by_no_other() {
    let table = table(Mode::Broadcast, Mapping::Resilient, &[1, 2, 15]);
    let by = |masked| ways(&table, &flow(7), masked).map(|ways| ways.members().collect::<Vec<_>>());
    assert_eq!(by(0), Some([1, 2, 15].to_vec()));
    assert_eq!(by(1 << 1), Some([2, 15].to_vec()));
    assert_eq!(by(1 << 1 | 1 << 15), Some([2].to_vec()));
    assert_eq!(by(u32::MAX), None);
}

#[test]
fn every_mode_but_broadcast_sends_one_frame_by_one_usable_member() {
    let usable = [0, 3];
    for mode in Mode::ALL.iter().filter(|mode| **mode != Mode::Broadcast) {
        for mapping in Mapping::ALL {
            let table = table(*mode, *mapping, &usable);
            for port in 0..64 {
                let ways = ways(&table, &flow(port), 0).expect("a member");
                assert!(ways.copies == 0 && [0, 3].contains(&ways.first), "{mode}");
                assert_eq!(ways.members().count(), 1, "{mode}");
            }
            let one = ways(&table, &flow(1), 1 << 3).map(|ways| ways.first);
            assert_eq!(one, Some(0), "{mode}");
        }
    }
}

#[test]
fn no_mode_sends_without_a_usable_member() {
    for mode in Mode::ALL {
        let nobody = table(*mode, Mapping::Resilient, &[]);
        assert_eq!(ways(&nobody, &flow(1), 0), None, "{mode}");
        let two = table(*mode, Mapping::Modulo, &[0, 1]);
        assert_eq!(ways(&two, &flow(1), 0b11), None, "{mode}");
    }
}

#[test]
fn the_hash_is_told_where_it_chose_and_nowhere_else() {
    let expected = xmit_hash(XmitHashPolicy::Layer34, &flow(5));
    for mode in Mode::ALL {
        let table = table(*mode, Mapping::Resilient, &[0, 1]);
        let told = ways(&table, &flow(5), 0).and_then(|ways| ways.hash);
        let is_by_hash = !matches!(mode, Mode::BalanceRr | Mode::Broadcast);
        assert_eq!(told, is_by_hash.then_some(expected), "{mode}");
    }
}

proptest! {
    #[test]
    fn balance_xor_moves_no_flow_that_need_not_move(
        all in proptest::sample::subsequence((0..16).collect::<Vec<u8>>(), 2..=16),
        pick in any::<prop::sample::Index>(),
        ports in proptest::collection::vec(any::<u16>(), 1..200),
    ) {
        let lost = all[pick.index(all.len())];
        let before = table(Mode::BalanceXor, Mapping::Resilient, &all);
        let left: Vec<u8> = all.iter().copied().filter(|&member| member != lost).collect();
        let mut after = Table { usable: left.iter().copied().collect(), ..before.clone() };
        remap(&mut after.buckets, &equal(&left));
        for port in ports {
            let of = |table: &Table, masked| ways(table, &flow(port), masked).map(|ways| ways.first);
            let (old, new) = (of(&before, 0), of(&after, 0));
            prop_assert_eq!(old == new, old != Some(usize::from(lost)));
            // The forwarder by itself, before bondd has said so.
            prop_assert_eq!(of(&before, 1 << lost), new);
        }
    }
}
