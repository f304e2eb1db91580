//! Orderly leaves: the partner moves its traffic at once.

use bond::{Config, Mode};
use wire::lacp::State;

use crate::pair::{Pair, fast, ms};

#[test]
fn a_member_that_leaves_says_so_and_its_partner_stops_sending_into_it_at_once() {
    let mut pair = Pair::settled(fast(3), fast(3));
    pair.bonds[0].leave(1);
    pair.drain(0);
    let told = pair.sent_by(0, 1);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].state(), State(0x03), "no SYNC, COL, DIS or AGG");
    assert!(pair.sent_by(0, 0).is_empty() && pair.sent_by(0, 2).is_empty());
    pair.run(ms(2));
    assert_eq!(pair.usable(1), [0, 2]);
}

#[test]
fn a_member_without_a_link_has_nobody_to_tell() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.cable(1, false);
    pair.sent.clear();
    pair.bonds[0].leave(1);
    pair.bonds[0].leave(9);
    pair.drain(0);
    assert!(pair.sent.is_empty());
}

#[test]
fn a_bond_that_is_no_longer_lacps_says_so_on_every_member() {
    let mut pair = Pair::settled(fast(2), fast(2));
    let other = Config {
        mode: Mode::ActiveBackup,
        ..fast(2)
    };
    pair.configure(0, other);
    for member in 0..2 {
        let told = pair.sent_by(0, member);
        assert_eq!(told.first().map(|sent| sent.state()), Some(State(0x03)));
    }
    pair.configure(1, fast(2));
    assert_eq!(pair.sent_by(0, 0).len(), 1, "and no more");
}
