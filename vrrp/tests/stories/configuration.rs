//! Priority and configuration that change while the virtual router runs.

use vrrp::timers::active_down_interval;
use vrrp::{Centiseconds, Config, Event, Input, Priority, State, TrackService, Vrid};

use crate::lan::{Lan, config, config_v6, ip, ms, preempting};

fn tracking(priority: u8, weights: &[(&str, i16)]) -> Config {
    let track = weights.iter().map(|(service, weight)| TrackService {
        service: (*service).to_owned(),
        weight: *weight,
    });
    Config {
        track_service: track.collect(),
        ..preempting(priority)
    }
}

fn service(lan: &mut Lan, node: usize, name: &str, is_up: bool) {
    lan.input(node, Input::Service { name, is_up });
}

fn effective(lan: &Lan, node: usize) -> u8 {
    lan.nodes[node].router.status(lan.now).effective_priority
}

#[test]
fn a_dead_service_lowers_the_priority_at_once_and_a_living_one_restores_it() {
    let mut lan = Lan::settled(&[tracking(200, &[("web", -150)]), preempting(100)]);
    service(&mut lan, 0, "web", false);
    assert_eq!(lan.adverts(0), [(lan.now, 50)], "said at once");
    assert!(lan.said(0, Event::Priority { from: 200, to: 50 }));
    let took = lan.until(1, State::Active);
    assert!(took <= active_down_interval(100, config(100).advert_int));
    assert_eq!(lan.nodes[0].router.status(lan.now).dead_services, ["web"]);
    service(&mut lan, 0, "web", true);
    lan.run(ms(2_000));
    assert_eq!(lan.actives(), [0]);
    assert_eq!(effective(&lan, 0), 200);
}

#[test]
fn services_that_are_not_tracked_or_say_nothing_new_change_nothing() {
    let mut lan = Lan::settled(&[tracking(200, &[("web", -150)])]);
    service(&mut lan, 0, "mail", false);
    service(&mut lan, 0, "web", true);
    assert!(lan.sent.is_empty() && lan.events.is_empty());
    service(&mut lan, 0, "web", false);
    service(&mut lan, 0, "web", false);
    assert_eq!(lan.adverts(0).len(), 1);
    assert_eq!(effective(&lan, 0), 50);
}

#[test]
fn the_priority_that_counts_stays_between_1_and_254_and_the_owners_at_255() {
    let mut lan = Lan::settled(&[
        tracking(100, &[("web", -253), ("mail", -253)]),
        tracking(255, &[("web", -253)]),
    ]);
    for node in [0, 1] {
        service(&mut lan, node, "web", false);
        service(&mut lan, node, "mail", false);
    }
    assert_eq!([effective(&lan, 0), effective(&lan, 1)], [1, 255]);
    assert_eq!(lan.actives(), [1]);
}

#[test]
fn another_priority_interval_or_address_keeps_the_role_and_is_said_at_once() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    let changed = Config {
        priority: Priority::new(150).expect("not 0"),
        advert_int: Centiseconds::new(5).expect("in range"),
        virtual_ipaddress: vec![ip("10.80.2.1"), ip("10.80.1.101")],
        ..config(200)
    };
    lan.set_config(0, changed);
    assert_eq!(lan.adverts(0), [(lan.now, 150)]);
    assert_eq!(lan.announcements(0), [lan.now], "the new address only");
    lan.run(ms(1_000));
    assert!(lan.changes(0).is_empty() && lan.changes(1).is_empty());
    assert_eq!(lan.adverts(0).len(), 21);
    let source = ip("10.80.2.2");
    assert!(lan.said(1, Event::AddressesDiffer { source }));
    let status = lan.nodes[1].router.status(lan.now);
    assert_eq!(status.active_adver_interval.get(), 5);
}

#[test]
fn a_configuration_that_says_the_same_sends_nothing() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.set_config(0, preempting(200));
    lan.set_config(1, config(100));
    assert!(lan.sent.is_empty() && lan.events.is_empty());
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn preemption_that_is_switched_on_works_within_a_down_interval() {
    let mut lan = Lan::new(&[config(100), config(200)]);
    lan.start(0);
    lan.until(0, State::Active);
    lan.start(1);
    lan.run(ms(2_000));
    lan.set_config(1, preempting(200));
    let took = lan.until(1, State::Active);
    assert!(took <= active_down_interval(200, config(200).advert_int));
}

#[test]
fn a_shorter_interval_of_its_own_makes_no_backup_impatient() {
    let slow = |priority| Config {
        advert_int: Centiseconds::SECOND,
        ..config(priority)
    };
    let mut lan = Lan::settled(&[slow(200), slow(100)]);
    // The next advert is 900 ms away.
    lan.run(ms(300));
    lan.set_config(1, config(100));
    let source = ip("10.80.2.2");
    let (theirs, ours) = (Centiseconds::SECOND, config(100).advert_int);
    let differs = Event::IntervalDiffers {
        source,
        theirs,
        ours,
    };
    assert!(!lan.said(1, differs));
    lan.run(ms(10_000));
    assert_eq!(
        lan.actives(),
        [0],
        "the Active router still sends each second"
    );
    assert!(lan.adverts(1).is_empty());
    assert!(lan.said(1, differs), "measured by the new configuration");
}

#[test]
fn a_backup_that_hears_nobody_waits_by_its_own_new_interval() {
    let slow = Config {
        advert_int: Centiseconds::MAX,
        ..config(100)
    };
    let mut lan = Lan::started(&[slow]);
    lan.run(ms(1_000));
    lan.set_config(0, config(100));
    let took = lan.until(0, State::Active);
    assert_eq!(took, active_down_interval(100, config(100).advert_int));
    // A longer one does not make it wait longer than it would have.
    let mut lan = Lan::started(&[config(100)]);
    lan.set_config(
        0,
        Config {
            advert_int: Centiseconds::MAX,
            ..config(100)
        },
    );
    let took = lan.until(0, State::Active);
    assert_eq!(took, active_down_interval(100, config(100).advert_int));
}

#[test]
fn a_service_that_is_no_longer_tracked_costs_nothing() {
    let mut lan = Lan::settled(&[tracking(200, &[("web", -150), ("mail", -10)])]);
    service(&mut lan, 0, "web", false);
    service(&mut lan, 0, "mail", false);
    assert_eq!(effective(&lan, 0), 40);
    lan.set_config(0, tracking(200, &[("mail", -20)]));
    assert_eq!(effective(&lan, 0), 180);
}

#[test]
fn another_vrid_is_another_router_and_the_old_one_says_goodbye() {
    let mut lan = Lan::settled(&[config(200)]);
    let other = Config {
        virtual_router_id: Vrid::new(52).expect("not 0"),
        ..config(200)
    };
    lan.set_config(0, other);
    let sent = lan.sent[0].advert().expect("an advert");
    assert_eq!((sent.vrid.get(), sent.advertisement.priority), (51, 0));
    assert_eq!(lan.state(0), State::Backup);
    lan.until(0, State::Active);
    lan.set_config(0, config_v6(200));
    assert_eq!(lan.state(0), State::Initialize, "its address is IPv4");
}

#[test]
fn a_router_of_another_name_keeps_its_role_and_one_of_another_vrid_does_not() {
    let mut lan = Lan::started(&[config(100)]);
    lan.until(0, State::Active);
    lan.forget();
    let renamed = Config {
        name: "outside".to_owned(),
        ..config(100)
    };
    lan.set_config(0, renamed.clone());
    assert_eq!(lan.actives(), [0]);
    assert_eq!(lan.nodes[0].router.config().name, "outside");
    let other = Config {
        virtual_router_id: vrrp::Vrid::new(52).expect("not 0"),
        ..renamed
    };
    lan.set_config(0, other);
    assert!(lan.actives().is_empty());
}
