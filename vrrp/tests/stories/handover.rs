//! Who leaves in order is missed by nobody.

use vrrp::timers::{PARTING_SHADOW, parting_limit, skew_time};
use vrrp::{Input, Reason, State};

use crate::lan::{LATENCY, Lan, config, config_v6, ms, us};

#[test]
fn an_active_router_that_leaves_says_so_once_and_serves_until_another_is_heard() {
    for configs in [[config(200), config(100)], [config_v6(200), config_v6(100)]] {
        let mut lan = Lan::settled(&configs);
        lan.input(0, Input::Shutdown);
        assert_eq!(lan.adverts(0), [(lan.now, 0)]);
        assert_eq!((lan.state(0), lan.serving()), (State::Initialize, vec![0]));
        let left = lan.now;
        while lan.state(1) != State::Active {
            assert_eq!(lan.serving(), [0], "somebody serves at every moment");
            assert!(!lan.nodes[0].router.is_gone());
            lan.run(us(50));
        }
        let skew = skew_time(100, config(100).advert_int);
        let took = lan.now.since(left);
        assert!(took >= skew + LATENCY && took <= skew + LATENCY + us(50));
        assert_eq!(lan.serving(), [0, 1], "make before break");
        lan.run(LATENCY);
        assert!(lan.nodes[0].router.is_relieved());
        lan.run(ms(PARTING_SHADOW.as_millis() - 1));
        assert_eq!(
            lan.serving(),
            [0, 1],
            "what switches still send here is served"
        );
        lan.run(ms(2));
        assert_eq!(lan.serving(), [1]);
        assert!(lan.nodes[0].router.is_gone());
        lan.run(ms(3_000));
        assert_eq!(lan.adverts(0).len(), 1, "it is silent");
        let claimed = (State::Backup, State::Active, Reason::PriorityZero);
        assert_eq!(lan.changes(1), [claimed]);
    }
}

#[test]
fn the_best_of_the_backups_takes_over_and_the_others_stay() {
    let mut lan = Lan::settled(&[config(200), config(100), config(150)]);
    lan.input(0, Input::Shutdown);
    lan.run(ms(1_000));
    assert_eq!(lan.actives(), [2]);
    assert!(lan.adverts(1).is_empty());
}

#[test]
fn a_router_that_leaves_alone_is_gone_when_any_backup_would_have_taken_over() {
    let mut lan = Lan::settled(&[config(200)]);
    lan.input(0, Input::Shutdown);
    let limit = parting_limit(config(200).advert_int);
    lan.run(limit + us(0));
    assert!(lan.nodes[0].router.is_gone());
    assert_eq!(lan.nodes[0].router.lease(), None);
    let mut lan = Lan::settled(&[config(200)]);
    lan.input(0, Input::Shutdown);
    lan.run(ms(199));
    assert!(!lan.nodes[0].router.is_gone());
    assert_eq!(lan.serving(), [0]);
}

#[test]
fn a_backup_that_leaves_says_nothing_and_is_gone_at_once() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.input(1, Input::Shutdown);
    assert!(lan.adverts(1).is_empty());
    assert!(lan.nodes[1].router.is_gone());
    assert_eq!(lan.state(1), State::Initialize);
    lan.run(ms(2_000));
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn nothing_starts_a_stopped_router_again() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    for node in [0, 1] {
        lan.input(node, Input::Shutdown);
    }
    lan.run(ms(2_000));
    lan.start(0);
    lan.start(1);
    lan.run(ms(2_000));
    assert!(lan.actives().is_empty() && lan.serving().is_empty());
}

#[test]
fn a_farewell_of_another_who_leaves_ends_no_service() {
    // Two leave at once: each hears only the other's farewell, and serves its time.
    let mut lan = Lan::started(&[config(200), config(100)]);
    lan.separate(&[0]);
    lan.run(ms(2_000));
    assert_eq!(lan.actives(), [0, 1]);
    lan.heal();
    lan.input(0, Input::Shutdown);
    lan.input(1, Input::Shutdown);
    lan.run(ms(150));
    assert_eq!(lan.serving(), [0, 1]);
    lan.run(ms(100));
    assert!(lan.nodes.iter().all(|node| node.router.is_gone()));
}

#[test]
fn an_active_router_answers_a_farewell_at_once() {
    let mut lan = Lan::started(&[config(200), config(100)]);
    lan.separate(&[0]);
    lan.run(ms(2_030));
    lan.heal();
    lan.forget();
    lan.input(1, Input::Shutdown);
    lan.run(LATENCY);
    assert_eq!(lan.adverts(0), [(lan.now, 200)]);
    // It is an advert too, so the next one is an interval later.
    let answered = lan.now;
    lan.run(ms(150));
    let next = lan.adverts(0)[1].0;
    assert_eq!(next.since(answered), ms(100));
    assert!(
        lan.nodes[1].router.is_relieved(),
        "and it saw that somebody serves"
    );
}

#[test]
fn a_lost_farewell_costs_the_down_interval_and_no_more() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.separate(&[0]);
    lan.input(0, Input::Shutdown);
    let took = lan.until(1, State::Active);
    assert!(took <= ms(361), "{took}");
    assert!(took >= ms(260), "{took}");
}
