//! Loss, partition, duplication and loops.

use vrrp::timers::{ANNOUNCE_AGAIN, active_down_interval};
use vrrp::{Event, Forwarder, Input, Reason, State};

use crate::lan::{LATENCY, Lan, config, ip, ms, preempting, us};

#[test]
fn two_lost_adverts_in_a_row_are_not_noticed() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    for _ in 0..20 {
        lan.separate(&[0]);
        lan.run(ms(200));
        lan.heal();
        lan.run(ms(100));
    }
    assert_eq!(lan.actives(), [0]);
    assert!(lan.events.is_empty());
}

#[test]
fn silence_makes_the_best_backup_active_after_the_down_interval() {
    let mut lan = Lan::settled(&[config(200), config(100), config(50)]);
    lan.run(ms(30));
    let last = lan.adverts(0).last().expect("it is Active").0;
    lan.separate(&[0]);
    lan.until(1, State::Active);
    let down = active_down_interval(100, config(100).advert_int);
    assert_eq!(lan.now, last + LATENCY + down);
    lan.run(ms(1_000));
    assert_eq!(lan.state(2), State::Backup);
    let why = lan.nodes[1].router.why(lan.now);
    assert_eq!(why[0].reason, Reason::ActiveDownTimer);
    assert_eq!(why[0].missed_adverts, 3);
    assert_eq!(why[0].outage_ns, Some(down.as_nanos()));
    let before = why[0].active_before.expect("it was heard");
    assert_eq!((before.address, before.priority), (ip("10.80.2.2"), 200));
}

#[test]
fn the_lease_of_a_router_that_died_ends_before_or_when_its_backup_takes_over() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.run(ms(30));
    let lease = lan.nodes[0].router.lease().expect("it is Active");
    lan.separate(&[0]);
    lan.stop(0);
    lan.until(1, State::Active);
    assert!(lease <= lan.now, "no two serve");
}

#[test]
fn after_a_partition_the_better_one_says_so_at_once_and_announces_anew() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.separate(&[0]);
    lan.run(ms(20_030));
    assert_eq!(lan.actives(), [0, 1]);
    lan.heal();
    lan.forget();
    // Until the worse one's next advert.
    while lan.adverts(1).is_empty() {
        lan.run(us(50));
    }
    let heard = lan.adverts(1)[0].0 + LATENCY;
    lan.run(us(150));
    let answers: Vec<_> = lan
        .adverts(0)
        .into_iter()
        .filter(|(at, _)| *at == heard)
        .collect();
    assert_eq!(answers, [(heard, 200)]);
    assert_eq!(lan.announcements(0), [heard; 2], "each address");
    lan.run(LATENCY);
    assert_eq!(lan.actives(), [0]);
    let source = ip("10.80.2.3");
    let priority = 100;
    assert!(lan.said(0, Event::SecondActive { source, priority }));
    // Once more, for those who missed it.
    lan.run(ANNOUNCE_AGAIN);
    assert_eq!(lan.announcements(0).len(), 4);
    lan.run(ANNOUNCE_AGAIN);
    assert_eq!(lan.announcements(0).len(), 4);
    assert!(lan.announcements(1).is_empty());
}

#[test]
fn a_partition_that_separates_no_active_router_changes_nothing() {
    let mut lan = Lan::settled(&[config(200), config(100), config(50)]);
    for to in [1, 2] {
        lan.deaf[to][3 - to] = true;
    }
    lan.run(ms(10_000));
    assert_eq!(lan.actives(), [0]);
    assert!(lan.events.is_empty());
}

#[test]
fn a_deaf_loser_is_answered_each_time_but_announcements_stay_few() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.deaf[1][0] = true;
    lan.run(ms(20_000));
    assert_eq!(lan.actives(), [0, 1]);
    let losing = lan.adverts(1).len();
    assert!(losing > 190);
    assert!(lan.adverts(0).len() > 380, "its own and the answers");
    // Two addresses; at once and again, every five seconds.
    assert!(
        lan.announcements(0).len() <= 2 * 5,
        "{:?}",
        lan.announcements(0).len()
    );
    assert!(!lan.announcements(0).is_empty());
}

#[test]
fn a_flapping_link_ends_with_one_active() {
    let mut lan = Lan::settled(&[preempting(200), preempting(100)]);
    for turn in 0..50_u64 {
        lan.separate(&[0]);
        lan.run(ms(37 * (turn % 13)));
        lan.heal();
        lan.run(ms(29 * (turn % 7)));
    }
    lan.run(ms(1_000));
    assert_eq!(lan.actives(), [0]);
}

#[test]
fn duplicated_frames_change_nothing() {
    let mut lan = Lan::new(&[config(200), config(100)]);
    lan.copies = 3;
    lan.start(0);
    lan.start(1);
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [0]);
    lan.input(0, Input::Shutdown);
    lan.run(ms(1_000));
    assert_eq!(lan.actives(), [1]);
    assert_eq!(lan.changes(1).len(), 2, "to Backup, and once to Active");
}

#[test]
fn our_own_adverts_that_come_back_are_counted_and_not_answered() {
    let mut lan = Lan::new(&[config(200)]);
    lan.is_looped = true;
    lan.start(0);
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [0]);
    assert_eq!(lan.changes(0).len(), 2, "to Backup, and once to Active");
    let counters = lan.nodes[0].router.status(lan.now).counters;
    assert_eq!(counters.own_frames, counters.adverts_sent);
    assert_eq!(counters.adverts_received, 0);
    assert!(lan.adverts(0).len() < 50, "no answers");
    let source = ip("10.80.2.2");
    assert!(lan.said(0, Event::OwnFrame { source }));
    // The farewell that comes back is no other's.
    lan.input(0, Input::Shutdown);
    lan.run(ms(100));
    assert!(!lan.nodes[0].router.is_gone());
}

#[test]
fn our_own_farewell_and_our_own_former_priority_move_nothing_when_they_come_back() {
    let mut lan = Lan::settled(&[config(200)]);
    lan.is_looped = true;
    lan.input(0, Input::Forwarder(Forwarder::Stale));
    let due = lan.nodes[0].router.poll_timeout();
    lan.run(ms(1));
    assert_eq!(lan.nodes[0].router.status(lan.now).counters.own_frames, 1);
    assert_eq!(lan.nodes[0].router.poll_timeout(), due, "no haste");
    // An advert of before, when the priority was lower.
    let mut lan = Lan::settled(&[config(200)]);
    lan.run(ms(100));
    let mut former = lan.sent[0].advert().expect("an advert");
    former.advertisement.priority = 100;
    lan.forget();
    lan.input(0, Input::Advert(&former));
    assert!(lan.sent.is_empty(), "no answer");
    assert_eq!(lan.nodes[0].router.status(lan.now).counters.own_frames, 1);
    // From another it is answered.
    former.source = ip("10.80.2.9");
    lan.input(0, Input::Advert(&former));
    assert_eq!(lan.adverts(0).len(), 1);
}

#[test]
fn two_boxes_of_one_address_have_one_active() {
    let mut lan = Lan::new(&[config(100), config(100)]);
    lan.nodes[1].source = lan.nodes[0].source;
    lan.start(0);
    lan.run(ms(50));
    lan.start(1);
    lan.run(ms(5_000));
    assert_eq!(lan.actives(), [0]);
}
