//! What is shown.

use vrrp::{Event, Input, Reason, State, Status, WhyItem};

use crate::lan::{Lan, config, ip, ms};

#[test]
fn the_history_says_who_was_active_why_it_changed_and_for_how_long_nobody_was() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.input(0, Input::Shutdown);
    lan.run(ms(1_000));
    let why = lan.nodes[1].router.why(lan.now);
    assert_eq!((why[0].from, why[0].to), (State::Backup, State::Active));
    assert_eq!(why[0].reason, Reason::PriorityZero);
    assert_eq!(
        why[0].active_before.map(|peer| peer.address),
        Some(ip("10.80.2.2"))
    );
    assert_eq!(why[0].outage_ns, Some(60_937_500), "Skew_Time");
    assert!(why[0].ago_ns > 900_000_000 && why[0].ago_ns < 1_000_000_000);
    assert_eq!(why[1].reason, Reason::Startup);
    let left = &lan.nodes[0].router.why(lan.now)[0];
    assert_eq!(left.reason, Reason::Shutdown);
    assert_eq!(
        left.active_before.map(|peer| peer.priority),
        Some(200),
        "it was"
    );
}

#[test]
fn the_history_keeps_the_last_sixteen_changes() {
    let mut lan = Lan::settled(&[config(200)]);
    for _ in 0..20 {
        let source = lan.nodes[0].source;
        lan.input(0, Input::Interface(None));
        lan.input(0, Input::Interface(Some(source)));
    }
    let why = lan.nodes[0].router.why(lan.now);
    assert_eq!(why.len(), 16);
    assert_eq!(why[0].reason, Reason::Startup);
    assert_eq!(why[1].reason, Reason::InterfaceDown);
}

#[test]
fn the_status_shows_the_timers_that_the_machine_arms() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.run(ms(30));
    let status = lan.nodes[1].router.status(lan.now);
    assert_eq!(status.skew_time_ns, 60_937_500);
    assert_eq!(status.active_down_interval_ns, 360_937_500);
    assert_eq!(
        (status.state, status.effective_priority),
        (State::Backup, 100)
    );
    let last = lan.adverts(0).last().expect("it is Active").0;
    let due = lan.nodes[1].router.poll_timeout().expect("it waits");
    let waits = due.since(last + crate::lan::LATENCY);
    assert_eq!(waits.as_nanos(), status.active_down_interval_ns);
    let active = lan.nodes[0].router.status(lan.now);
    assert_eq!(
        active.active.map(|peer| peer.address),
        Some(ip("10.80.2.2"))
    );
    assert!(active.since_ns > 5_000_000_000);
    assert_eq!(active.counters.became_active, 1);
    assert_eq!(active.counters.announcements_sent, 4);
    assert_eq!(
        status.counters.adverts_received,
        status.counters.checksum_pseudo_header
    );
}

#[test]
fn status_and_history_survive_json() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.run(ms(30));
    for node in &lan.nodes {
        let status = node.router.status(lan.now);
        let text = serde_json::to_string(&status).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Status>(&text).expect("a status"),
            status
        );
        let why = node.router.why(lan.now);
        let text = serde_json::to_string(&why).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Vec<WhyItem>>(&text).expect("items"),
            why
        );
    }
}

#[test]
fn an_event_is_one_line_in_words() {
    let mut lan = Lan::settled(&[config(200), config(100)]);
    lan.separate(&[0]);
    lan.run(ms(1_000));
    let lines: Vec<String> = lan
        .events
        .iter()
        .map(|(_, event)| event.to_string())
        .collect();
    assert_eq!(
        lines[0],
        "Backup to Active: nobody was heard for Active_Down_Interval"
    );
    let second = Event::SecondActive {
        source: ip("10.80.2.3"),
        priority: 100,
    };
    let line = "10.80.2.3 is Active too, with priority 100, and has to yield";
    assert_eq!(second.to_string(), line);
    assert!(second.is_peer_driven() && !Event::Withheld.is_peer_driven());
}
