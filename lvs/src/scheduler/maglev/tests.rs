use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::vec::Vec;

use super::*;

fn real(host: u8, weight: u32) -> Candidate {
    let endpoint = SocketAddr::from(([10, 2, 0, host], 80)).into();
    Candidate {
        id: RealId {
            slot: host.into(),
            generation: 1,
        },
        endpoint,
        weight,
    }
}

fn key(port: u16) -> Key {
    let client = SocketAddr::from(([198, 51, 100, 7], port)).into();
    Key {
        client,
        service: SocketAddr::from(([10, 1, 0, 100], 80)).into(),
        protocol: 6,
    }
}

/// Slots of the table by the real's slot number.
fn owners(maglev: &Maglev) -> Vec<u16> {
    maglev
        .table
        .iter()
        .map(|at| maglev.reals[usize::from(*at)].slot)
        .collect()
}

fn shares(maglev: &Maglev) -> BTreeMap<u16, f64> {
    let mut shares = BTreeMap::new();
    for owner in owners(maglev) {
        *shares.entry(owner).or_insert(0.0) += 1.0 / f64::from(SLOTS);
    }
    shares
}

#[test]
fn every_slot_is_taken_and_equal_weights_have_equal_shares() {
    let reals: Vec<_> = (1..=10).map(|host| real(host, 1)).collect();
    let maglev = Maglev::new(&reals);
    assert_eq!(maglev.table.len(), 65_537);
    for share in shares(&maglev).values() {
        assert!((share - 0.1).abs() < 0.0001, "{share}");
    }
}

#[test]
fn shares_are_as_the_weights() {
    let maglev = Maglev::new(&[real(1, 5), real(2, 3), real(3, 1), real(4, 0)]);
    let shares = shares(&maglev);
    assert_eq!(shares.len(), 3);
    for (host, weight) in [(1, 5.0), (2, 3.0), (3, 1.0)] {
        assert!((shares[&host] - weight / 9.0).abs() < 0.001, "{shares:?}");
    }
    let maglev = Maglev::new(&[real(1, 65_535), real(2, 65_534), real(3, 1)]);
    let shares = self::shares(&maglev);
    assert!(
        (shares[&1] - 0.5).abs() < 0.001 && (shares[&2] - 0.5).abs() < 0.001,
        "{shares:?}"
    );
}

#[test]
fn connections_are_shared_out_as_the_slots_are() {
    let maglev = Maglev::new(&[real(1, 5), real(2, 3), real(3, 1)]);
    let mut chosen = BTreeMap::new();
    for port in 0..u16::MAX {
        *chosen
            .entry(maglev.choose(&key(port)).unwrap().slot)
            .or_insert(0.0) += 1.0 / 65_535.0;
    }
    for (host, weight) in [(1, 5.0), (2, 3.0), (3, 1.0)] {
        let share: f64 = chosen[&host];
        assert!((share - weight / 9.0).abs() < 0.01, "{chosen:?}");
    }
}

/// Slots that belonged to a real of both tables and changed hands between those, as a share.
fn moved(before: &[u16], after: &[u16], gone: u16) -> f64 {
    let moved = before
        .iter()
        .zip(after)
        .filter(|(old, new)| **old != gone && old != new)
        .count();
    moved as f64 / f64::from(SLOTS)
}

#[test]
fn removing_a_real_moves_little_more_than_its_share() {
    for n in [3, 10, 50_u8] {
        let all: Vec<_> = (1..=n).map(|host| real(host, 1)).collect();
        let before = owners(&Maglev::new(&all));
        let after = owners(&Maglev::new(&all[1..]));
        let extra = moved(&before, &after, 1);
        assert!(
            extra < 0.02,
            "{n} reals: {extra} of all slots moved needlessly"
        );
        assert!(after.iter().all(|owner| *owner != 1));
    }
}

#[test]
fn weight_0_moves_as_little_as_removal() {
    let all = |weight| [real(1, weight), real(2, 3), real(3, 2), real(4, 3)];
    let (before, after) = (owners(&Maglev::new(&all(2))), owners(&Maglev::new(&all(0))));
    let extra = moved(&before, &after, 1);
    assert!(extra < 0.04, "{extra}");
}

#[test]
fn the_table_does_not_depend_on_the_order_or_the_ids_of_this_box() {
    let mut other = [real(3, 1), real(1, 5), real(2, 3)];
    for (slot, candidate) in (70..).zip(&mut other) {
        candidate.id.slot = slot;
    }
    let maglev = Maglev::new(&[real(1, 5), real(2, 3), real(3, 1)]);
    assert_eq!(maglev.table, Maglev::new(&other).table);
}

#[test]
fn the_choice_is_fixed_for_all_versions() {
    // These connections keep their reals across boxes of different versions.
    let maglev = Maglev::new(&[real(1, 5), real(2, 3), real(3, 1)]);
    let chosen: Vec<u16> = (1..=12)
        .map(|port| maglev.choose(&key(port)).unwrap().slot)
        .collect();
    assert_eq!(chosen, GOLDEN);
    let table = maglev
        .table
        .iter()
        .fold(0_u64, |sum, at| sum.wrapping_mul(31) + u64::from(*at));
    assert_eq!(table, GOLDEN_TABLE);
}

const GOLDEN: [u16; 12] = [1, 1, 1, 2, 1, 2, 2, 1, 1, 1, 3, 2];
const GOLDEN_TABLE: u64 = 14_040_017_926_589_502_352;

#[test]
fn without_a_usable_real_there_is_no_choice() {
    assert_eq!(Maglev::new(&[real(1, 0)]).choose(&key(1)), None);
    assert_eq!(Maglev::new(&[]).choose(&key(1)), None);
}

#[test]
fn families_do_not_meet() {
    let v6: IpAddr = "2001:db8::7".parse().unwrap();
    let mut other = key(40_000);
    other.client = SocketAddr::new(v6, 40_000).into();
    assert_ne!(flow_hash(&other), flow_hash(&key(40_000)));
}
