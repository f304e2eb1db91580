extern crate std;

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::vec::Vec;

use proptest::prelude::*;
use wire::Mac;

use super::{Ask, MemberEntry, Table, WORDS, generation, publish, read};
use crate::monitor::{Target, Targets};
use crate::resilient::{equal, remap};
use crate::{MAX_MEMBERS, Mapping, Mode, XmitHashPolicy};

fn words() -> Vec<AtomicU64> {
    (0..WORDS).map(|_| AtomicU64::new(0)).collect()
}

fn table(generation: u64, mapping: Mapping, usable: &[u8]) -> Table {
    let member = |i: u8| MemberEntry {
        ifindex: 7 + u32::from(i),
        number: u16::MAX - u16::from(i),
        mac: Mac([2, 0, 0, 0, 1, i]),
        rx_enabled: true,
        tx_enabled: usable.contains(&i),
        carrier: i != 3,
        unicast_only: i == 2,
        weight: 1,
    };
    let mut table = Table {
        generation,
        mode: Mode::Ieee8023ad,
        mapping,
        policy: XmitHashPolicy::Layer34,
        packets_per_member: u16::MAX,
        bond_mac: Mac([2, 0, 0, 0, 0, 1]),
        members: (0..4).map(member).collect(),
        usable: usable.iter().copied().collect(),
        active: usable.last().copied(),
        ..Table::default()
    };
    remap(&mut table.buckets, &equal(usable));
    remap(&mut table.clients, &equal(&[3]));
    table
}

#[test]
fn what_is_published_is_what_is_read() {
    let words = words();
    let mut published = table(6, Mapping::Resilient, &[0, 2]);
    published.members[1].weight = 0xff_ffff;
    for bucket in [0, 77, 255] {
        published.moving.held.insert(bucket);
    }
    published.moving.ask = Some(Ask {
        worker: 31,
        members: 1 << 15,
        transaction: u32::MAX,
        system: Mac([6; 6]),
    });
    publish(&words, &published);
    assert_eq!(read(&words), Some(published));
    assert_eq!(generation(&words), 6);
}

#[test]
fn nothing_is_read_before_the_first_table_or_from_a_writer_that_died_at_work() {
    let words = words();
    assert_eq!(read(&words), None);
    publish(&words, &table(2, Mapping::Modulo, &[0]));
    words[0].store(5, Ordering::Relaxed);
    assert_eq!(read(&words), None);
}

#[test]
fn too_few_words_hold_no_table() {
    let words = words();
    publish(&words[..WORDS - 1], &table(2, Mapping::Modulo, &[0]));
    assert_eq!(generation(&words), 0);
    assert_eq!(read(&words[..WORDS - 1]), None);
}

#[test]
fn readers_beside_a_writer_see_whole_tables_only() {
    let words = words();
    publish(&words, &table(2, Mapping::Resilient, &[0]));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 2..20_000u64 {
                let usable: &[u8] = if i % 2 == 0 { &[0] } else { &[1, 2] };
                publish(&words, &table(2 * i, Mapping::Resilient, usable));
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let Some(seen) = read(&words) else { continue };
            let whole = table(seen.generation, seen.mapping, &seen.usable);
            assert_eq!(seen, whole);
        }
    });
}

#[test]
fn modulo_is_linuxs_hash_modulo_the_usable_members_in_order() {
    let table = table(2, Mapping::Modulo, &[0, 2, 3]);
    let chosen: Vec<_> = (0..6).map(|hash| table.choose(hash, 0)).collect();
    assert_eq!(chosen, [0, 2, 3, 0, 2, 3].map(Some));
    let chosen: Vec<_> = (0..4).map(|hash| table.choose(hash, 1 << 2)).collect();
    assert_eq!(chosen, [0, 3, 0, 3].map(Some));
}

#[test]
fn resilient_keeps_the_flows_of_members_that_are_not_masked() {
    let table = table(2, Mapping::Resilient, &[0, 1, 2]);
    for hash in 0..1024 {
        let before = table.choose(hash, 0).expect("three are usable");
        let after = table.choose(hash, 1 << 1).expect("two are left");
        if before == 1 {
            assert_ne!(after, 1);
        } else {
            assert_eq!(after, before);
        }
    }
}

#[test]
fn with_nobody_usable_nothing_is_chosen() {
    for mapping in [Mapping::Modulo, Mapping::Resilient] {
        assert_eq!(table(2, mapping, &[]).choose(7, 0), None);
        assert_eq!(table(2, mapping, &[0, 1]).choose(7, 0b11), None);
        assert!(table(2, mapping, &[0, 1]).choose(7, 0b01).is_some());
    }
}

proptest! {
    #[test]
    fn no_words_make_read_panic_or_name_a_member_that_is_not_there(
        raw in proptest::collection::vec(any::<u64>(), WORDS),
        shape in proptest::option::of((0u8..20, 0u8..20)),
        hash in any::<u32>(),
        masked in any::<u32>(),
    ) {
        let mut raw = raw;
        raw[0] &= !1;
        if let Some((members, usable)) = shape {
            raw[1] = u64::from_le_bytes([3, 0, 4, 1, 1, members, usable, 0]);
            raw[3] &= 0xffff;
        }
        let words: Vec<AtomicU64> = raw.into_iter().map(AtomicU64::new).collect();
        if let Some(table) = read(&words) {
            prop_assert!(table.members.len() <= MAX_MEMBERS);
            let chosen = table.choose(hash, masked);
            prop_assert!(chosen.is_none_or(|member| member < table.members.len()));
        }
    }
}

#[test]
fn only_a_bond_with_an_active_member_moves_with_it() {
    let mut table = Table {
        mode: Mode::ActiveBackup,
        ..Table::default()
    };
    assert_eq!(table.place(), None);
    assert!(table.usable.push(1));
    assert_eq!(table.place(), Some(1));
    table.mode = Mode::Ieee8023ad;
    assert_eq!(table.place(), Some(0));
    for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
        table.mode = mode;
        table.usable = [0, 1, 2].into_iter().collect();
        table.active = Some(2);
        assert_eq!(table.place(), Some(2), "{mode}");
    }
}

#[test]
fn targets_of_both_families_are_read_as_they_were_published() {
    let v4 = |n| Target::V4 {
        target: [10, 0, 0, n].into(),
        source: [10, 0, 1, n].into(),
        vlan: (n > 1).then_some(4_080 + u16::from(n % 15)),
    };
    let v6 = |n| Target::V6 {
        target: [0xfe80, 1, 2, 3, 4, 5, 6, n].into(),
        source: [0x2001, 9, 8, 7, 6, 5, 4, n].into(),
        vlan: (n != 1).then_some(n + 1),
    };
    let fours = (0..16).map(v4);
    for targets in [
        Targets::new(),
        fours.clone().take(2).chain((0..3).map(v6)).collect(),
        (0..1).map(v6).collect(),
        fours.chain((0..16).map(v6)).collect(),
    ] {
        let words = words();
        let published = Table {
            targets,
            ..table(4, Mapping::Resilient, &[0])
        };
        publish(&words, &published);
        assert_eq!(read(&words), Some(published));
    }
}
