//! What is heard and must change nothing.

use vrrp::{Input, Received, State, Vrid};
use wire::vrrp::Form;

use crate::lan::{Lan, config, config_v6, ip, ms};

/// An advert of a router that is not there.
fn advert(priority: u8) -> Received {
    let mut lan = Lan::settled(&[config(priority)]);
    lan.run(ms(100));
    let mut received = lan.sent[0].advert().expect("an advert");
    received.source = ip("10.80.2.9");
    received
}

#[test]
fn an_advert_for_another_virtual_router_changes_nothing() {
    let mut lan = Lan::settled(&[config(100)]);
    let mut vrid = advert(200);
    vrid.vrid = Vrid::new(52).expect("not 0");
    let mut v6 = Lan::settled(&[config_v6(200)]);
    v6.run(ms(100));
    let family = v6.sent[0].advert().expect("an advert");
    for received in [vrid, family] {
        lan.input(0, Input::Advert(&received));
        assert_eq!(lan.actives(), [0]);
        assert!(lan.events.is_empty());
        let counters = lan.nodes[0].router.status(lan.now).counters;
        assert_eq!(counters.adverts_received, 0);
    }
    lan.input(0, Input::Advert(&advert(200)));
    assert_eq!(lan.state(0), State::Backup, "this one is for it");
}

#[test]
fn a_damaged_frame_moves_no_timer_and_no_counter() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.run(ms(10));
    let before = (
        lan.nodes[1].router.poll_timeout(),
        lan.nodes[1].router.status(lan.now),
    );
    let mut sender = Lan::settled(&[config(200)]);
    sender.run(ms(100));
    let frame = sender.sent[0].frame.clone();
    for at in 14..frame.len() {
        let mut damaged = frame.clone();
        damaged[at] ^= 0x04;
        if let Ok(received) = vrrp::receive(&damaged) {
            panic!("byte {at} is not looked at: {received:?}");
        }
    }
    let after = (
        lan.nodes[1].router.poll_timeout(),
        lan.nodes[1].router.status(lan.now),
    );
    assert_eq!(before, after);
}

#[test]
fn a_router_in_initialize_hears_nothing() {
    let mut lan = Lan::new(&[config(100)]);
    for priority in [1, 100, 255] {
        lan.input(0, Input::Advert(&advert(priority)));
    }
    let mut zero = advert(100);
    zero.advertisement.priority = 0;
    lan.input(0, Input::Advert(&zero));
    assert_eq!(lan.state(0), State::Initialize);
    assert!(lan.sent.is_empty() && lan.events.is_empty());
    assert_eq!(lan.nodes[0].router.poll_timeout(), None);
}

#[test]
fn an_advert_that_loses_does_not_move_a_preempting_backups_timer() {
    let mut lan = Lan::started(&[crate::lan::preempting(100)]);
    let before = lan.nodes[0].router.poll_timeout();
    lan.run(ms(100));
    lan.input(0, Input::Advert(&advert(99)));
    assert_eq!(lan.nodes[0].router.poll_timeout(), before);
    let counters = lan.nodes[0].router.status(lan.now).counters;
    assert_eq!((counters.lower_priority, counters.adverts_received), (1, 1));
    // Without preemption it counts as the Active router's.
    let mut lan = Lan::started(&[config(100)]);
    let before = lan.nodes[0].router.poll_timeout();
    lan.run(ms(100));
    lan.input(0, Input::Advert(&advert(99)));
    assert!(lan.nodes[0].router.poll_timeout() > before);
}

#[test]
fn other_addresses_are_said_once_and_obeyed() {
    let mut lan = Lan::started(&[config(100)]);
    let mut received = advert(200);
    received.advertisement.addresses.pop();
    received.form = Form::MessageOnly;
    for _ in 0..3 {
        lan.input(0, Input::Advert(&received));
    }
    let differs = vrrp::Event::AddressesDiffer {
        source: ip("10.80.2.9"),
    };
    let said = lan.events.iter().filter(|(_, event)| *event == differs);
    assert_eq!(said.count(), 1);
    let counters = lan.nodes[0].router.status(lan.now).counters;
    assert_eq!(counters.addresses_differ, 3);
    let active = lan.nodes[0].router.status(lan.now).active;
    assert_eq!(active.expect("heard").priority, 200);
}
