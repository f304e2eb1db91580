//! What a router sends, and when.

use vrrp::timers::ANNOUNCE_AGAIN;
use vrrp::{Config, Input, State};
use wire::Mac;
use wire::vrrp::Form;

use crate::lan::{Lan, config, config_v6, ip, ms};

#[test]
fn a_claim_is_an_advert_first_then_every_address_and_every_address_once_more() {
    for config in [config(100), config_v6(100)] {
        let mut lan = Lan::started(std::slice::from_ref(&config));
        lan.until(0, State::Active);
        let kinds: Vec<bool> = lan
            .sent
            .iter()
            .map(|sent| sent.advert().is_some())
            .collect();
        assert_eq!(kinds, [true, false, false]);
        let virtual_mac = config.virtual_mac();
        for sent in &lan.sent {
            assert_eq!(sent.frame[6..12], virtual_mac.0);
        }
        let claimed = lan.now;
        lan.run(ANNOUNCE_AGAIN);
        lan.run(ANNOUNCE_AGAIN);
        let again = claimed + ANNOUNCE_AGAIN;
        assert_eq!(lan.announcements(0), [claimed, claimed, again, again]);
    }
}

#[test]
fn adverts_keep_their_beat_even_when_a_timer_is_looked_at_late() {
    let mut lan = Lan::settled(&[config(100)]);
    lan.run(ms(1_000));
    let first = lan.adverts(0)[0].0;
    lan.stop(0);
    lan.run(ms(130));
    lan.resume(0);
    lan.run(ms(1_000));
    let adverts = lan.adverts(0);
    let off_beat = adverts
        .iter()
        .filter(|(at, _)| at.since(first).as_nanos() % 100_000_000 != 0);
    assert_eq!(off_beat.count(), 1, "the late one");
    assert_eq!(adverts.len(), 21, "and none is made up for");
}

#[test]
fn an_advert_says_what_is_configured() {
    let mut lan = Lan::settled(&[config(100)]);
    lan.run(ms(100));
    let received = lan.sent[0].advert().expect("an advert");
    assert_eq!(received.vrid.get(), 51);
    assert_eq!(received.source, ip("10.80.2.2"), "no virtual address");
    assert_eq!(received.advertisement.priority, 100);
    assert_eq!(received.advertisement.interval.get(), 10);
    assert_eq!(
        received.advertisement.addresses,
        config(100).virtual_ipaddress
    );
    assert_eq!(lan.sent[0].frame[..6], Mac([1, 0, 0x5e, 0, 0, 0x12]).0);
}

#[test]
fn the_form_of_the_checksum_is_that_in_which_the_peer_speaks() {
    let mut lan = Lan::settled(&[config(200)]);
    lan.run(ms(100));
    assert_eq!(
        lan.sent[0].advert().expect("an advert").form,
        Form::PseudoHeader
    );
    // The same advert of a lower priority and summed without pseudo-header, from elsewhere.
    let mut heard = lan.sent[0].advert().expect("an advert");
    heard.advertisement.priority = 50;
    heard.source = ip("10.80.2.9");
    heard.form = Form::MessageOnly;
    lan.forget();
    lan.input(0, Input::Advert(&heard));
    assert_eq!(
        lan.sent[0].advert().expect("an advert").form,
        Form::MessageOnly
    );
    let counters = lan.nodes[0].router.status(lan.now).counters;
    assert_eq!(
        (
            counters.checksum_message_only,
            counters.checksum_pseudo_header
        ),
        (1, 0)
    );
    heard.form = Form::PseudoHeader;
    lan.forget();
    lan.input(0, Input::Advert(&heard));
    assert_eq!(
        lan.sent[0].advert().expect("an advert").form,
        Form::PseudoHeader
    );
}

#[test]
fn priority_zero_is_sent_by_nobody_who_stays() {
    let mut lan = Lan::started(&[config(200), config(100), config(1)]);
    lan.run(ms(3_000));
    lan.separate(&[0]);
    lan.run(ms(3_000));
    lan.heal();
    lan.run(ms(3_000));
    assert!(lan.sent.iter().all(|sent| sent.priority() != Some(0)));
}

#[test]
fn without_an_interface_nothing_is_sent_and_it_starts_by_itself_when_there_is_one() {
    let mut lan = Lan::new(&[config(100), config(255)]);
    for node in [0, 1] {
        lan.input(node, Input::Forwarder(vrrp::Forwarder::Alive));
        lan.input(node, Input::Interface(None));
    }
    lan.run(ms(5_000));
    assert!(lan.sent.is_empty() && lan.events.is_empty());
    assert_eq!([lan.state(0), lan.state(1)], [State::Initialize; 2]);
    lan.start(0);
    lan.until(0, State::Active);
}

#[test]
fn an_interface_that_goes_down_ends_it_silently_and_it_starts_anew_as_backup() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    for node in [0, 1] {
        let source = lan.nodes[node].source;
        let sent = lan.sent.len();
        lan.input(node, Input::Interface(None));
        assert_eq!(lan.state(node), State::Initialize);
        assert_eq!(lan.nodes[node].router.lease(), None);
        assert_eq!(lan.sent.len(), sent);
        lan.input(node, Input::Interface(Some(source)));
        assert_eq!(lan.state(node), State::Backup);
    }
}

#[test]
fn an_address_of_the_other_family_is_no_source() {
    let mut lan = Lan::new(&[config_v6(100)]);
    lan.input(0, Input::Interface(Some(ip("10.80.2.2"))));
    assert_eq!(lan.state(0), State::Initialize);
    lan.input(0, Input::Interface(Some(ip("fe80::2"))));
    assert_eq!(lan.state(0), State::Backup);
}

#[test]
fn the_lease_ends_a_down_interval_after_the_last_advert() {
    let mut lan = Lan::settled(&[config(100)]);
    for _ in 0..7 {
        lan.run(ms(33));
        if let Some((last, _)) = lan.adverts(0).last() {
            let lease = lan.nodes[0].router.lease().expect("it is Active");
            assert_eq!(lease.since(*last).as_nanos(), 360_937_500);
        }
    }
}

#[test]
fn a_full_set_of_addresses_leaves_nothing_behind() {
    let addresses = (1..=64).map(|i| ip(&format!("10.80.3.{i}"))).collect();
    let full = Config {
        virtual_ipaddress: addresses,
        ..config(100)
    };
    let mut lan = Lan::started(&[full]);
    lan.until(0, State::Active);
    assert_eq!(lan.announcements(0).len(), 64);
    assert_eq!(lan.nodes[0].router.status(lan.now).counters.lost, 0);
}

#[test]
fn an_active_router_that_moves_to_another_port_is_heard_by_it_at_once_and_a_backup_is_not() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.run(ms(130));
    lan.forget();
    for node in [0, 1] {
        lan.input(node, Input::Moved);
    }
    let moved = lan.now;
    lan.run(ms(150));
    assert_eq!(lan.adverts(0), [(moved, 200), (moved + ms(100), 200)]);
    assert!(lan.adverts(1).is_empty());
}
