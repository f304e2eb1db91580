//! Who becomes Active.

use vrrp::timers::active_down_interval;
use vrrp::{Centiseconds, Config, Event, Forwarder, Input, Reason, State};

use crate::lan::{LATENCY, Lan, config, config_v6, ip, ms, preempting};

#[test]
fn the_highest_priority_is_active_after_its_own_down_interval_and_the_others_follow() {
    let mut lan = Lan::started(&[config(50), config(200), config(100)]);
    assert_eq!([0, 1, 2].map(|node| lan.state(node)), [State::Backup; 3]);
    let took = lan.until(1, State::Active);
    assert_eq!(took, active_down_interval(200, config(200).advert_int));
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [1]);
    assert!(lan.adverts(0).is_empty() && lan.adverts(2).is_empty());
    let active = lan.nodes[0].router.status(lan.now).active.expect("heard");
    assert_eq!((active.address, active.priority), (ip("10.80.2.3"), 200));
}

#[test]
fn equal_priorities_that_claim_together_are_decided_by_the_higher_address() {
    for config in [config(100), config_v6(100)] {
        let mut lan = Lan::started(&[config.clone(), config]);
        lan.until(0, State::Active);
        assert_eq!(lan.actives(), [0, 1], "their timers are the same");
        lan.run(LATENCY);
        assert_eq!(lan.actives(), [1]);
        let yielded = (State::Active, State::Backup, Reason::HigherAddress);
        assert_eq!(lan.changes(0).last(), Some(&yielded));
        lan.run(ms(5_000));
        assert_eq!(lan.actives(), [1]);
    }
}

#[test]
fn addresses_compare_as_unsigned_numbers() {
    let mut lan = Lan::new(&[config(100), config(100)]);
    lan.nodes[0].source = ip("200.0.0.1");
    lan.nodes[1].source = ip("100.255.255.255");
    lan.start(0);
    lan.start(1);
    lan.run(ms(1_000));
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn without_preemption_a_better_router_that_comes_later_stays_backup() {
    let mut lan = Lan::new(&[config(100), config(200)]);
    lan.start(0);
    lan.until(0, State::Active);
    lan.start(1);
    lan.run(ms(10_000));
    assert_eq!(lan.actives(), [0]);
    assert!(lan.adverts(1).is_empty());
}

#[test]
fn with_preemption_a_better_router_that_comes_later_takes_over() {
    let mut lan = Lan::new(&[config(100), preempting(200)]);
    lan.start(0);
    lan.until(0, State::Active);
    lan.start(1);
    let took = lan.until(1, State::Active);
    assert_eq!(took, active_down_interval(200, config(200).advert_int));
    lan.run(LATENCY);
    assert_eq!(lan.actives(), [1]);
    let yielded = (State::Active, State::Backup, Reason::HigherPriority);
    assert_eq!(lan.changes(0).last(), Some(&yielded));
    let why = lan.nodes[1].router.why(lan.now);
    let before = why[0].active_before.expect("it was heard all the time");
    assert_eq!((before.address, before.priority), (ip("10.80.2.2"), 100));
    assert_eq!(why[0].missed_adverts, 0);
}

#[test]
fn with_preemption_a_worse_router_stays_backup() {
    let mut lan = Lan::new(&[config(100), preempting(99)]);
    lan.start(0);
    lan.until(0, State::Active);
    lan.start(1);
    lan.run(ms(10_000));
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn the_owner_is_active_at_once_and_preempts_whatever_preempt_says() {
    let mut lan = Lan::new(&[config(254), config(255)]);
    lan.start(0);
    lan.until(0, State::Active);
    lan.start(1);
    assert_eq!(lan.state(1), State::Active);
    assert_eq!(lan.adverts(1), [(lan.now, 255)]);
    lan.run(LATENCY);
    assert_eq!(lan.actives(), [1]);
}

#[test]
fn an_owner_that_had_to_leave_preempts_whoever_took_over() {
    let mut lan = Lan::settled(&[config(254), config(255)]);
    lan.input(1, Input::Forwarder(Forwarder::Stale));
    lan.until(0, State::Active);
    lan.run(ms(50));
    lan.input(1, Input::Forwarder(Forwarder::Alive));
    let took = lan.until(1, State::Active);
    assert!(took < active_down_interval(255, config(255).advert_int));
    lan.run(LATENCY);
    assert_eq!(lan.actives(), [1]);
    // 254 is no owner.
    let mut lan = Lan::settled(&[config(253), config(254)]);
    lan.input(1, Input::Forwarder(Forwarder::Stale));
    lan.until(0, State::Active);
    lan.input(1, Input::Forwarder(Forwarder::Alive));
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn two_owners_are_decided_by_address_and_the_fault_is_said() {
    let mut lan = Lan::started(&[config(255), config(255)]);
    lan.run(ms(2_000));
    assert_eq!(lan.actives(), [1]);
    let source = ip("10.80.2.3");
    assert!(lan.said(0, Event::SecondOwner { source }));
    // Those who own nothing do not complain of an owner.
    let mut lan = Lan::started(&[config(100), config(255)]);
    lan.run(ms(2_000));
    assert!(!lan.said(0, Event::SecondOwner { source }));
}

#[test]
fn a_backup_waits_by_the_active_routers_interval_and_says_once_that_it_differs() {
    let slow = Config {
        advert_int: Centiseconds::SECOND,
        ..config(200)
    };
    let mut lan = Lan::new(&[slow, config(100)]);
    lan.start(0);
    lan.until(0, State::Active);
    lan.start(1);
    lan.run(ms(1_500));
    let said = |(_, event): &&(usize, Event)| matches!(event, Event::IntervalDiffers { .. });
    assert_eq!(lan.events.iter().filter(said).count(), 1);
    lan.run(ms(10_000));
    assert_eq!(lan.actives(), [0], "its three adverts are seconds apart");
    assert!(lan.adverts(1).is_empty());
    let status = lan.nodes[1].router.status(lan.now);
    assert_eq!(status.active_adver_interval, Centiseconds::SECOND);
    assert_eq!(status.active_down_interval_ns, 3_609_375_000);
    assert_eq!(status.advert_int.get(), 10);
    assert!(status.counters.interval_differs >= 10);
    assert_eq!(lan.events.iter().filter(said).count(), 1, "said once");
}

#[test]
fn five_routers_have_one_active_whatever_their_order() {
    for turn in 0..5 {
        let priorities = [10_u8, 60, 110, 160, 210];
        let configs: Vec<Config> = (0..5)
            .map(|i| preempting(priorities[(i + turn) % 5]))
            .collect();
        let mut lan = Lan::started(&configs);
        lan.run(ms(3_000));
        let best = (0..5).find(|i| priorities[(i + turn) % 5] == 210);
        assert_eq!(lan.actives(), [best.expect("one of them")]);
    }
}

/// A router that loses 150 of its priority with its service.
fn tracking(priority: u8) -> Config {
    let track = vrrp::TrackService {
        service: "web".to_owned(),
        weight: -150,
    };
    Config {
        track_service: vec![track],
        ..config(priority)
    }
}

fn pool(lan: &mut Lan, node: usize, is_up: bool) {
    let name = "web";
    lan.input(node, Input::Service { name, is_up });
}

#[test]
fn an_active_router_that_lowers_its_priority_is_relieved_and_stays_so_without_preemption() {
    let mut lan = Lan::started(&[tracking(200), tracking(100)]);
    lan.until(0, State::Active);
    lan.run(ms(1_000));
    pool(&mut lan, 0, false);
    let took = lan.until(1, State::Active);
    assert!(took <= active_down_interval(100, config(100).advert_int) + LATENCY);
    lan.run(ms(1_000));
    assert_eq!(lan.actives(), [1]);
    pool(&mut lan, 0, true);
    lan.run(ms(10_000));
    assert_eq!(lan.actives(), [1], "it has recovered, and waits");
}

#[test]
fn pools_that_die_on_both_boxes_move_nothing() {
    let mut lan = Lan::started(&[tracking(200), tracking(100)]);
    lan.until(0, State::Active);
    lan.run(ms(1_000));
    pool(&mut lan, 1, false);
    pool(&mut lan, 0, false);
    lan.run(ms(10_000));
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn a_pool_that_is_back_before_the_backup_claims_moves_nothing() {
    let mut lan = Lan::started(&[tracking(200), tracking(100)]);
    lan.until(0, State::Active);
    lan.run(ms(1_000));
    pool(&mut lan, 0, false);
    lan.run(ms(200));
    pool(&mut lan, 0, true);
    lan.run(ms(10_000));
    assert_eq!(lan.actives(), [0]);
}
