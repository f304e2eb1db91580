extern crate std;

use std::vec::Vec;

use wire::{Duration, Instant, Mac};

use super::{Learning, frame};
use crate::Mode;
use crate::egress::{MemberEntry, Table};
use crate::outbox::Outbox;

const BOND: Mac = Mac([2, 0, 0, 0, 0, 1]);
const OTHER: Mac = Mac([2, 0, 0, 0, 0, 2]);

fn table(mode: Mode, active: Option<u8>, usable: &[u8]) -> Table {
    let member = |mac| MemberEntry {
        mac,
        ..MemberEntry::default()
    };
    Table {
        mode,
        bond_mac: BOND,
        members: [BOND, OTHER].into_iter().map(member).collect(),
        usable: usable.iter().copied().collect(),
        active,
        ..Table::default()
    }
}

/// By which member which MAC is taught now.
fn taught(learning: &mut Learning, table: &Table, ms: u64) -> Vec<(usize, Mac)> {
    let mut outbox = Outbox::default();
    let now = Instant::from_nanos(ms * 1_000_000);
    learning.teach(table, Duration::from_secs(1), now, &mut outbox);
    let sent = std::iter::from_fn(|| outbox.poll_transmit());
    sent.map(|sent| {
        let mac = Mac(*sent.frame[6..].first_chunk().unwrap());
        assert_eq!(sent.frame[..], frame(mac));
        (sent.member, mac)
    })
    .collect()
}

#[test]
fn a_learning_frame_is_sixty_bytes_from_a_mac_to_itself() {
    let mut expected = [0; 60];
    expected[..14].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 2, 0x90, 0]);
    assert_eq!(frame(OTHER), expected);
}

#[test]
fn each_members_mac_is_taught_every_interval_and_at_once_where_it_is_news() {
    let mut learning = Learning::default();
    let table_of = |active| table(Mode::BalanceTlb, Some(active), &[0, 1]);
    let usual = [(0, BOND), (1, OTHER)];
    assert_eq!(taught(&mut learning, &table_of(0), 0), usual);
    assert_eq!(taught(&mut learning, &table_of(0), 999), []);
    assert_eq!(
        learning.poll_timeout(),
        Some(Instant::from_nanos(1_000_000_000))
    );
    assert_eq!(taught(&mut learning, &table_of(0), 1_000), usual);
    let swapped = [(0, OTHER), (1, BOND)];
    assert_eq!(taught(&mut learning, &table_of(1), 1_200), swapped);
    assert_eq!(taught(&mut learning, &table_of(1), 2_100), []);
    assert_eq!(taught(&mut learning, &table_of(1), 2_200), swapped);
}

#[test]
fn a_member_that_is_down_has_its_mac_taught_by_the_active_one_where_clients_send_to_it() {
    let mut learning = Learning::default();
    let alb = table(Mode::BalanceAlb, Some(1), &[1]);
    assert_eq!(taught(&mut learning, &alb, 0), [(1, OTHER), (1, BOND)]);
    let tlb = table(Mode::BalanceTlb, Some(1), &[1]);
    assert_eq!(taught(&mut learning, &tlb, 10), [(1, BOND)]);
    let nobody = table(Mode::BalanceAlb, None, &[]);
    assert_eq!(taught(&mut learning, &nobody, 20), []);
    assert_eq!(learning.poll_timeout(), None);
}
