//! A process that stands still and goes on.

use vrrp::{Event, Reason, State};

use crate::lan::{Lan, config, ms, preempting};

/// Whether a box listened once more because it was late.
fn was_late(lan: &Lan, node: usize) -> bool {
    let late =
        |(from, event): &(usize, Event)| *from == node && matches!(event, Event::Late { .. });
    lan.events.iter().any(late)
}

#[test]
fn a_backup_that_stood_still_for_long_claims_nothing_while_the_active_lives() {
    for stall in [700, 1_000, 60_000] {
        let mut lan = Lan::settled(&[config(200), config(100)]);
        lan.stop(1);
        lan.run(ms(stall));
        lan.resume(1);
        assert!(was_late(&lan, 1), "{stall}");
        lan.run(ms(2_000));
        assert_eq!(lan.actives(), [0]);
        assert!(lan.adverts(1).is_empty());
    }
}

#[test]
fn a_backup_that_was_a_little_late_claims_at_once() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.kill(0);
    lan.stop(1);
    lan.run(ms(361 + 95));
    lan.resume(1);
    assert_eq!(lan.actives(), [1]);
    assert!(!was_late(&lan, 1));
    let why = lan.nodes[1].router.why(lan.now);
    assert!(why[0].late_ns > 90_000_000 && why[0].late_ns <= 200_000_000);
}

#[test]
fn a_late_backup_listens_once_more_and_then_claims_even_if_it_is_late_again() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.kill(0);
    lan.stop(1);
    lan.run(ms(5_000));
    lan.resume(1);
    assert!(was_late(&lan, 1));
    assert!(lan.actives().is_empty());
    lan.stop(1);
    lan.run(ms(5_000));
    lan.resume(1);
    assert_eq!(lan.actives(), [1]);
    assert_eq!(lan.nodes[1].router.status(lan.now).counters.late, 1);
}

#[test]
fn a_backup_that_slept_through_a_farewell_listens_for_a_skew_time() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.input(0, vrrp::Input::Shutdown);
    lan.run(ms(1));
    lan.stop(1);
    lan.run(ms(5_000));
    lan.resume(1);
    let took = lan.until(1, State::Active);
    assert!(took < ms(100), "{took}");
}

#[test]
fn an_active_router_that_slept_past_its_lease_hears_first_who_is_active() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.stop(0);
    lan.run(ms(2_000));
    assert_eq!(lan.state(1), State::Active);
    assert_eq!(lan.serving(), [1], "its lease was over");
    lan.resume(0);
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [1], "without preemption it stays");
    assert!(lan.adverts(0).len() < 20, "none since it slept");
    let doubted = (State::Active, State::Backup, Reason::LeaseExpired);
    assert_eq!(lan.changes(0), [doubted]);
}

#[test]
fn with_preemption_it_comes_back_by_its_timer() {
    let mut lan = Lan::settled(&[preempting(200), config(100)]);
    lan.stop(0);
    lan.run(ms(2_000));
    lan.resume(0);
    lan.run(ms(2_000));
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn an_active_router_that_slept_shorter_than_its_lease_goes_on() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.run(ms(30));
    lan.stop(0);
    lan.run(ms(250));
    lan.resume(0);
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [0]);
    assert!(lan.changes(0).is_empty() && lan.changes(1).is_empty());
}

#[test]
fn alone_it_is_active_again_after_a_down_interval() {
    let mut lan = Lan::settled(&[config(200)]);
    lan.stop(0);
    lan.run(ms(5_000));
    lan.resume(0);
    assert_eq!(lan.state(0), State::Backup);
    let took = lan.until(0, State::Active);
    assert!(took <= ms(323), "{took}");
}
