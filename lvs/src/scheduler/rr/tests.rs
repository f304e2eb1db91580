use std::vec::Vec;

use super::*;
use crate::address::Endpoint;

fn real(slot: u16, weight: u32) -> Candidate {
    let id = RealId {
        slot,
        generation: 1,
    };
    let endpoint = Endpoint::from(std::net::SocketAddr::from(([10, 0, 0, 1], slot)));
    Candidate {
        id,
        endpoint,
        weight,
    }
}

fn turns(rr: &RoundRobin, count: usize) -> Vec<u16> {
    (0..count)
        .filter_map(|_| rr.choose())
        .map(|id| id.slot)
        .collect()
}

#[test]
fn each_real_has_its_turn() {
    let rr = RoundRobin::new(&[real(1, 1), real(2, 9), real(3, 1)], None);
    assert_eq!(turns(&rr, 7), [1, 2, 3, 1, 2, 3, 1]);
}

#[test]
fn weight_0_is_skipped() {
    let rr = RoundRobin::new(&[real(1, 0), real(2, 1), real(3, 0), real(4, 1)], None);
    assert_eq!(turns(&rr, 4), [2, 4, 2, 4]);
}

#[test]
fn without_a_usable_real_there_is_no_choice() {
    assert_eq!(RoundRobin::new(&[real(1, 0)], None).choose(), None);
    assert_eq!(RoundRobin::new(&[], None).choose(), None);
    assert_eq!(RoundRobin::new(&[], None).last(), None);
}

#[test]
fn the_turn_goes_on_after_the_real_used_last() {
    let rr = RoundRobin::new(&[real(1, 1), real(2, 1), real(3, 1)], None);
    assert_eq!(rr.last(), None);
    assert_eq!(turns(&rr, 2), [1, 2]);
    let order = [real(4, 1), real(1, 1), real(2, 0), real(3, 1)];
    let rr = RoundRobin::new(&order, rr.last());
    assert_eq!(turns(&rr, 3), [3, 4, 1]);
    let rr = RoundRobin::new(&order[..2], Some(real(9, 1).id));
    assert_eq!(turns(&rr, 2), [4, 1]);
}
