//! A router that does not forward is none.

use vrrp::timers::skew_time;
use vrrp::{Event, Forwarder, Input, Reason, State};

use crate::lan::{LATENCY, Lan, config, ms};

#[test]
fn an_active_router_whose_forwarder_stands_still_leaves_at_once() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.input(0, Input::Forwarder(Forwarder::Stale));
    assert_eq!(lan.adverts(0), [(lan.now, 0)]);
    assert_eq!(lan.state(0), State::Backup);
    assert!(lan.serving().is_empty(), "its lease is over");
    let took = lan.until(1, State::Active);
    assert_eq!(took, skew_time(100, config(100).advert_int) + LATENCY);
    let resigned = (State::Active, State::Backup, Reason::ForwarderStale);
    assert_eq!(lan.changes(0), [resigned]);
}

#[test]
fn a_forwarder_that_stays_alive_changes_nothing() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.input(0, Input::Forwarder(Forwarder::Alive));
    lan.input(1, Input::Forwarder(Forwarder::Alive));
    lan.run(ms(1_000));
    assert!(lan.events.is_empty());
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn a_backup_does_not_become_active_while_its_forwarder_stands_still() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.input(1, Input::Forwarder(Forwarder::Stale));
    lan.kill(0);
    lan.run(ms(5_000));
    assert!(lan.actives().is_empty());
    assert!(lan.adverts(1).is_empty());
    assert!(lan.said(1, Event::Withheld));
    lan.input(1, Input::Forwarder(Forwarder::Alive));
    assert_eq!(lan.actives(), [1], "nobody was heard all the time");
    let claimed = (State::Backup, State::Active, Reason::ForwarderAlive);
    assert_eq!(lan.changes(1), [claimed]);
}

#[test]
fn a_withheld_claim_is_forgotten_when_another_active_is_heard() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.input(1, Input::Forwarder(Forwarder::Stale));
    lan.kill(0);
    lan.run(ms(2_000));
    lan.start(0);
    lan.until(0, State::Active);
    lan.run(ms(50));
    lan.input(1, Input::Forwarder(Forwarder::Alive));
    lan.run(ms(2_000));
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn without_a_word_of_the_forwarder_nobody_becomes_active() {
    let mut lan = Lan::new(&[config(100), config(255)]);
    for node in [0, 1] {
        let source = lan.nodes[node].source;
        lan.input(node, Input::Interface(Some(source)));
    }
    lan.run(ms(5_000));
    assert!(lan.actives().is_empty() && lan.sent.is_empty());
    assert_eq!(lan.state(1), State::Backup);
    lan.input(1, Input::Forwarder(Forwarder::Alive));
    assert_eq!(lan.actives(), [1], "the owner waits for nothing else");
}

#[test]
fn a_router_that_leaves_stops_serving_when_its_forwarder_stops() {
    let mut lan = Lan::settled(&[config(200)]);
    lan.input(0, Input::Shutdown);
    assert_eq!(lan.serving(), [0]);
    lan.input(0, Input::Forwarder(Forwarder::Stale));
    assert!(lan.serving().is_empty());
    assert!(lan.nodes[0].router.is_gone());
}
