//! The daemon's process is stopped for a while and goes on: a machine under load, a paused guest.

use bond::lacp::receive;

use crate::pair::{NOBODY, Pair, config, fast, ms};

#[test]
fn what_came_while_the_process_was_stopped_is_heard_before_a_partner_is_given_up() {
    // The partner holds what we said for three seconds, or for 90.
    for (partner, stopped) in [(fast(2), 2_400), (config(2), 5_000)] {
        for age in (0..900).step_by(50) {
            let mut pair = Pair::settled(fast(2), partner.clone());
            pair.run(ms(age));
            pair.stop(0);
            pair.run(ms(stopped));
            pair.events.clear();
            pair.resume();
            pair.run(ms(10_000));
            let ours: Vec<_> = pair.events.iter().filter(|(side, _)| *side == 0).collect();
            assert!(ours.is_empty(), "{age} ms: {ours:?}");
            let expired = [0, 1].map(|member| pair.port(0, member).counters.expired);
            assert_eq!(expired, [0, 0]);
        }
    }
}

#[test]
fn a_partner_that_said_nothing_while_the_process_was_stopped_is_given_up_soon_after() {
    let mut pair = Pair::settled(fast(2), config(2));
    pair.silent = vec![true; 2];
    pair.stop(0);
    pair.run(ms(5_000));
    pair.resume();
    pair.run(ms(250));
    assert_eq!(pair.usable(0), NOBODY);
    assert_eq!(pair.port(0, 0).receive, receive::State::Expired);
}

#[test]
fn a_process_that_is_late_again_and_again_still_gives_a_silent_partner_up() {
    let mut pair = Pair::settled(fast(1), config(1));
    pair.silent = vec![true];
    for _ in 0..12 {
        pair.stop(0);
        pair.run(ms(400));
        pair.resume();
    }
    assert_eq!(pair.usable(0), NOBODY);
}
