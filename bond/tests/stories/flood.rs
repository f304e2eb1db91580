//! More PDUs than any partner sends.

use bond::Input;
use wire::lacp::Lacpdu;
use wire::{Instant, Mac};

use crate::pair::{Pair, fast, ms};

/// In a second.
const PDUS: u64 = 10_000;

/// Gives the first bond a second of PDUs; those of even number are the partner's own.
fn flood(pair: &mut Pair, other: impl Fn(Lacpdu) -> Vec<u8>) -> Instant {
    let start = pair.now;
    for i in 0..PDUS {
        let port = pair.port(1, 0);
        let pdu = Lacpdu {
            version: 1,
            actor: port.actor,
            partner: port.partner,
            collector_max_delay: 0,
        };
        let bytes = if i % 2 == 0 {
            pdu.emit_frame(Mac([2, 0, 0, 0, 1, 0])).to_vec()
        } else {
            other(pdu)
        };
        let bytes = &bytes;
        pair.input(0, Input::Frame { member: 0, bytes });
        if i % 10 == 9 {
            pair.run(ms(1));
        }
    }
    start
}

#[test]
fn a_flood_of_the_partners_own_pdus_moves_nothing_is_not_answered_and_is_counted() {
    let mut pair = Pair::settled(fast(2), fast(2));
    let before = pair.port(0, 0).counters.lacpdus_rx;
    flood(&mut pair, |pdu| {
        pdu.emit_frame(Mac([2, 0, 0, 0, 1, 0])).to_vec()
    });
    assert!(pair.port(0, 0).counters.lacpdus_rx >= before + PDUS);
    assert!(pair.events.is_empty(), "{:?}", pair.events);
    assert_eq!(pair.usable(0), [0, 1]);
    assert!(
        pair.sent_by(0, 0).len() <= 2,
        "no more than the periodic ones"
    );
}

#[test]
fn a_flood_of_malformed_pdus_is_counted_and_moves_nothing() {
    let mut pair = Pair::settled(fast(2), fast(2));
    flood(&mut pair, |pdu| {
        let mut frame = pdu.emit_frame(Mac([2, 0, 0, 0, 1, 0]));
        frame[17] = 19;
        frame.to_vec()
    });
    let illegal = pair.port(0, 0).counters.illegal_rx;
    assert_eq!(illegal, PDUS / 2);
    let moved = |(_, event): &&(usize, bond::Event)| !matches!(event, bond::Event::Illegal { .. });
    assert_eq!(pair.events.iter().find(moved), None);
    assert_eq!(pair.usable(0), [0, 1]);
}

#[test]
fn a_flood_that_knows_us_wrongly_is_answered_three_times_a_second() {
    let mut pair = Pair::settled(fast(2), fast(2));
    let start = flood(&mut pair, |mut pdu| {
        pdu.partner.key ^= 1;
        pdu.emit_frame(Mac([2, 0, 0, 0, 1, 0])).to_vec()
    });
    let answers = pair.sent_by(0, 0);
    let in_time = answers
        .iter()
        .filter(|sent| sent.at.since(start) < ms(1_000));
    assert_eq!(in_time.count(), 3);
    pair.run(ms(5_000));
    assert_eq!(pair.usable(0), [0, 1]);
}
