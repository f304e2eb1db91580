//! Members whose NICs the box does not have, and NICs that say little of themselves.

use bond::{Bond, Duplex, Input, Interface, Why};
use wire::Mac;

use crate::pair::{NOBODY, Pair, fast, interface, ms};

/// Takes the interface of a member away.
fn remove(pair: &mut Pair, side: usize, member: usize) {
    pair.change(side, member, |interface| *interface = Interface::default());
}

#[test]
fn a_bond_whose_first_member_is_missing_has_the_next_ones_mac_and_keeps_it() {
    let pair = Pair::new(fast(2), fast(2));
    let mut bond = Bond::new(fast(2), pair.now);
    let mut tell = |member: usize, interface| {
        bond.handle_input(pair.now, Input::Link { member, interface });
        let lacp = bond.lacp_status().map(|lacp| lacp.system);
        (bond.status().mac, lacp)
    };
    assert_eq!(tell(0, Interface::default()), (Mac::ZERO, Some(Mac::ZERO)));
    let own = interface(0, 1).mac;
    assert_eq!(tell(1, interface(0, 1)), (own, Some(own)));
    assert_eq!(tell(0, interface(0, 0)), (own, Some(own)), "it stays");
}

#[test]
fn a_bond_with_its_first_member_has_that_ones_mac() {
    let pair = Pair::settled(fast(2), fast(2));
    assert_eq!(pair.bonds[0].status().mac, interface(0, 0).mac);
}

#[test]
fn a_bond_without_any_member_says_nothing_and_works_as_soon_as_one_comes() {
    let mut pair = Pair::settled(fast(2), fast(2));
    remove(&mut pair, 0, 0);
    remove(&mut pair, 0, 1);
    pair.run(ms(100));
    pair.sent.clear();
    pair.run(ms(10_000));
    assert_eq!(pair.usable(0), NOBODY);
    assert_eq!(pair.why(0, 1), Some(Why::Missing));
    assert_eq!(pair.sent.iter().filter(|sent| sent.from == 0).count(), 0);
    let back = interface(0, 1);
    pair.change(0, 1, |interface| *interface = back);
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [1]);
    assert_eq!(pair.why(0, 0), Some(Why::Missing));
}

/// As virtio says it: neither speed nor duplex is known.
fn unknown(interface: &mut Interface) {
    (interface.speed, interface.duplex) = (None, None);
}

#[test]
fn members_of_unknown_speed_aggregate_with_each_other() {
    let mut pair = Pair::new(fast(2), fast(2));
    for (side, member) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        pair.change(side, member, unknown);
    }
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0, 1]);
    assert_eq!(pair.usable(1), [0, 1]);
    let keys = [0, 1].map(|member| pair.port(0, member).actor.key);
    assert_eq!(keys, [1, 1], "full duplex, as far as is known");
}

#[test]
fn members_of_known_and_of_unknown_speed_do_not_aggregate() {
    let mut pair = Pair::new(fast(2), fast(2));
    pair.change(0, 1, unknown);
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0).len(), 1);
    let odd = if pair.usable(0) == [0] { 1 } else { 0 };
    assert_eq!(pair.why(0, odd), Some(Why::ActorKey));
}

#[test]
fn a_member_that_is_half_duplex_stays_out_however_little_is_known_of_its_speed() {
    let mut pair = Pair::new(fast(2), fast(2));
    pair.change(0, 1, |interface| {
        (interface.speed, interface.duplex) = (None, Some(Duplex::Half));
    });
    pair.run(ms(5_000));
    assert_eq!(pair.why(0, 1), Some(Why::HalfDuplex));
    assert_eq!(pair.usable(0), [0]);
}
