extern crate std;

use std::vec::Vec;

use wire::{Duration, Instant, Mac};

use super::{Discipline, Heard, Kind, Monitor, View};
use crate::outbox::Outbox;
use crate::{ArpValidate, Config, Mode};

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

fn at(ms: u64) -> Instant {
    Instant::from_nanos(1_000_000_000) + Duration::from_millis(ms)
}

/// Two members that are both asked by, every 100 ms from the beginning on.
fn each() -> Monitor {
    let mut config = Config::new("bond0", Mode::ActiveBackup, &["eth1", "eth2"]);
    config.monitor.arp_interval = 100;
    config.monitor.arp_ip_target = [[10, 0, 0, 9].into()].into();
    Monitor::with(Discipline::Each, &config, MAC, at(0))
}

fn view(open: [bool; 2]) -> View {
    View {
        active: None,
        open: open.into_iter().collect(),
        stations: [MAC; 2].into_iter().collect(),
    }
}

/// The intervals that begin until then; in each the members at `heard` hear something. Who was up
/// after each, and who was asked by last.
fn intervals(monitor: &mut Monitor, until: u64, heard: &[usize]) -> (Vec<[bool; 2]>, Vec<usize>) {
    let (mut up, mut asked) = (Vec::new(), Vec::new());
    while monitor.poll_timeout() <= at(until) {
        let now = monitor.poll_timeout();
        monitor.listening(now);
        monitor.judge(now, &view([true; 2]));
        let mut outbox = Outbox::default();
        monitor.probe(now, &view([true; 2]), &mut outbox);
        asked = core::iter::from_fn(|| outbox.poll_transmit())
            .map(|transmit| transmit.member)
            .collect();
        for &i in heard {
            let soon = now + Duration::from_millis(1);
            monitor.hear(i, Heard::Frame, soon, soon);
        }
        up.push([monitor.is_up(0), monitor.is_up(1)]);
    }
    (up, asked)
}

#[test]
fn each_member_is_asked_by_and_judged_for_itself() {
    let mut monitor = each();
    let (up, asked) = intervals(&mut monitor, 500, &[0, 1]);
    assert_eq!((up.last(), asked), (Some(&[true, true]), [0, 1].into()));
    // Last heard at 501 ms, and so silent for more than 2.5 intervals at 800 ms.
    let (up, asked) = intervals(&mut monitor, 800, &[0]);
    assert_eq!(up, [[true, true], [true, true], [true, false]]);
    assert_eq!(
        asked,
        [0, 1],
        "the silent one too, or it could never come back"
    );
    let (up, _) = intervals(&mut monitor, 1_000, &[0, 1]);
    assert_eq!(up, [[true, false], [true, true]], "heard at 901 ms");
}

#[test]
fn a_member_by_which_no_probe_leaves_is_given_up_though_frames_come_by_it() {
    let mut monitor = each();
    intervals(&mut monitor, 500, &[0, 1]);
    let mut up = Vec::new();
    for now in [600, 700, 800, 900].map(at) {
        monitor.hear(0, Heard::Frame, now, now);
        monitor.hear(1, Heard::Frame, now, now);
        monitor.listening(now);
        monitor.judge(now, &view([true; 2]));
        monitor.probe(now, &view([true; 2]), &mut Outbox::default());
        monitor.unsent(1);
        up.push(monitor.is_up(1));
    }
    // The last that left, left at 500 ms.
    assert_eq!(up, [true, true, false, false]);
    assert!(monitor.is_up(0));
}

#[test]
fn a_member_without_carrier_is_neither_asked_by_nor_judged() {
    let mut monitor = each();
    intervals(&mut monitor, 500, &[0, 1]);
    monitor.link(1, false, at(500));
    let now = at(600);
    let mut outbox = Outbox::default();
    monitor.listening(now);
    monitor.hear(1, Heard::Frame, now, now);
    monitor.judge(now, &view([true, false]));
    monitor.probe(now, &view([true, false]), &mut outbox);
    let asked: Vec<usize> = core::iter::from_fn(|| outbox.poll_transmit())
        .map(|transmit| transmit.member)
        .collect();
    assert_eq!((asked, monitor.is_up(1)), ([0].into(), false));
}

#[test]
fn a_backup_is_heard_by_our_own_probe_and_not_by_an_answer_that_a_switch_floods() {
    for (kind, is_heard) in [
        (Kind::Own, true),
        (Kind::Reply, false),
        (Kind::Request, false),
    ] {
        let mut monitor = each();
        monitor.discipline = Discipline::Active;
        monitor.validate = ArpValidate::All;
        monitor.activate(Some(0), at(0));
        let of_target = |kind| Heard::Target { target: 0, kind };
        monitor.hear(0, of_target(Kind::Reply), at(1), at(1));
        monitor.link(1, false, at(2));
        monitor.hear(1, of_target(kind), at(10), at(10));
        monitor.listening(at(100));
        monitor.judge(at(100), &view([true; 2]));
        assert_eq!(monitor.is_up(1), is_heard, "{kind:?}");
    }
}
