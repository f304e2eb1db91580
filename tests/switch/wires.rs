//! Two ports that are the ends of one cable.

use bond::LacpRate;
use tests::switch::{Reason, Way};
use wire::{Duration, Mac, slow};

use crate::lan::{Lan, config, frame, mac, ms};

const A: &str = "a";
const B: &str = "b";
const C: &str = "c";
const D: &str = "d";

fn wired() -> Lan {
    Lan::new(&config(&[A, B, C]).wire(A, B))
}

#[test]
fn whatever_enters_one_end_of_a_wire_leaves_by_the_other_and_by_no_port_else() {
    let mut lan = wired();
    for destination in [
        mac(2),
        Mac::BROADCAST,
        slow::GROUP,
        Mac([1, 0x80, 0xc2, 0, 0, 0x0e]),
    ] {
        let frame = frame(mac(1), destination, 1);
        lan.send(A, &frame);
        assert_eq!(lan.seen(&frame), [B], "to {destination}");
        lan.send(B, &frame);
        assert_eq!(lan.seen(&frame), [A], "to {destination}, the other way");
    }
    assert!(lan.fabric.fdb(lan.now).is_empty(), "a wire learns nothing");
}

#[test]
fn what_is_flooded_on_the_lan_enters_no_wire() {
    let mut lan = wired();
    lan.send(C, &frame(mac(3), Mac::BROADCAST, 1));
    for end in [A, B] {
        assert!(lan.received(end).is_empty(), "{end}");
    }
}

#[test]
fn a_wire_that_is_pulled_out_at_one_end_carries_nothing_either_way() {
    let mut lan = wired();
    lan.fabric.set_carrier(lan.now, B, false).unwrap();
    let frame = frame(mac(1), mac(2), 1);
    lan.send(A, &frame);
    lan.send(B, &frame);
    assert!(lan.seen(&frame).is_empty());
    let status = lan.fabric.status();
    let counters = &status.port(B).unwrap().counters;
    for way in [Way::In, Way::Out] {
        assert_eq!(counters.of(way).dropped(Reason::NoCarrier), 1);
    }
    lan.fabric.set_carrier(lan.now, B, true).unwrap();
    lan.send(A, &frame);
    assert_eq!(lan.seen(&frame), [B]);
}

#[test]
fn bonds_at_both_ends_of_wires_find_each_other_by_lacp() {
    let mut lan = Lan::new(&config(&[A, B, C, D]).wire(A, C).wire(B, D));
    let bonds = [[A, B], [C, D]].map(|ports| lan.plug(LacpRate::Fast, &ports));
    lan.run(Duration::from_secs(5));
    for bond in bonds {
        assert_eq!(lan.usable(bond), [0, 1]);
    }
    lan.fabric.set_carrier(lan.now, D, false).unwrap();
    lan.run(Duration::from_secs(4) + ms(500));
    for bond in bonds {
        assert_eq!(lan.usable(bond), [0]);
    }
}
