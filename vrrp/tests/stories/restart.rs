//! A process that is killed and starts again.

use vrrp::{Forwarder, Input, Reason, State};

use crate::lan::{LATENCY, Lan, config, ms};

#[test]
fn while_its_lease_holds_it_goes_on_at_once_and_nobody_notices() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    let until = lan.nodes[0].router.lease().expect("it is Active");
    lan.kill(0);
    lan.run(ms(200));
    lan.input(0, Input::Resume { until });
    assert_eq!(lan.nodes[0].router.lease(), Some(until), "the word stays");
    assert_eq!(lan.state(0), State::Initialize);
    lan.start(0);
    assert_eq!(lan.actives(), [0]);
    assert_eq!(lan.adverts(0), [(lan.now, 200)]);
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [0]);
    assert!(lan.changes(1).is_empty());
    let resumed = (State::Initialize, State::Active, Reason::Resumed);
    assert_eq!(lan.changes(0), [resumed]);
}

#[test]
fn the_order_of_lease_interface_and_forwarder_does_not_matter() {
    for order in [
        [0, 1, 2],
        [1, 0, 2],
        [2, 1, 0],
        [0, 2, 1],
        [1, 2, 0],
        [2, 0, 1],
    ] {
        let mut lan = Lan::new(&[config(200)]);
        let until = lan.now + ms(300);
        let source = lan.nodes[0].source;
        for step in order {
            assert!(lan.actives().is_empty());
            match step {
                0 => lan.input(0, Input::Interface(Some(source))),
                1 => lan.input(0, Input::Forwarder(Forwarder::Alive)),
                _ => lan.input(0, Input::Resume { until }),
            }
        }
        assert_eq!(lan.actives(), [0]);
    }
}

#[test]
fn a_lease_that_is_over_makes_nobody_active() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    let until = lan.nodes[0].router.lease().expect("it is Active");
    lan.kill(0);
    lan.run(ms(2_000));
    assert_eq!(lan.actives(), [1]);
    lan.input(0, Input::Resume { until });
    lan.start(0);
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [1], "it stays Backup");
    assert!(lan.adverts(0).is_empty());
}

#[test]
fn a_lease_that_ends_before_the_forwarder_is_there_makes_nobody_active() {
    let mut lan = Lan::new(&[config(200)]);
    let source = lan.nodes[0].source;
    let until = lan.now + ms(100);
    lan.input(0, Input::Interface(Some(source)));
    lan.input(0, Input::Resume { until });
    lan.run(ms(100));
    lan.input(0, Input::Forwarder(Forwarder::Alive));
    assert_eq!(lan.state(0), State::Backup);
    assert_eq!(lan.nodes[0].router.lease(), None);
}

#[test]
fn a_lease_is_worth_nothing_once_another_active_is_heard() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.kill(0);
    lan.until(1, State::Active);
    let source = lan.nodes[0].source;
    let until = lan.now + ms(5_000);
    lan.input(0, Input::Interface(Some(source)));
    lan.input(0, Input::Resume { until });
    lan.run(ms(300));
    lan.input(0, Input::Forwarder(Forwarder::Alive));
    lan.run(LATENCY);
    assert_eq!(lan.actives(), [1]);
    assert_eq!(lan.serving(), [1]);
}

#[test]
fn a_process_that_is_killed_and_does_not_return_is_replaced_in_time() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.kill(0);
    let took = lan.until(1, State::Active);
    assert!(took <= ms(361), "{took}");
}
