//! balance-tlb and balance-alb: an active member, a MAC for each, learning frames, and what moves when.

use std::ops::{Deref, DerefMut};

use bond::config::AdaptiveConfig;
use bond::{BUCKETS, Bond, Config, Event, Input, Mode, PrimaryReselect, REBALANCE_INTERVAL};
use wire::{Duration, Mac};

use crate::alone::{Alone, three};
use crate::pair::{NOBODY, interface, ms};

const MODES: [Mode; 2] = [Mode::BalanceTlb, Mode::BalanceAlb];

/// A bond alone, and what it teaches.
struct Story(Alone);

impl Deref for Story {
    type Target = Alone;

    fn deref(&self) -> &Alone {
        &self.0
    }
}

impl DerefMut for Story {
    fn deref_mut(&mut self) -> &mut Alone {
        &mut self.0
    }
}

impl Story {
    fn new(config: Config) -> Self {
        let mut story = Self(Alone::new(config));
        story.frames();
        story.events();
        story
    }

    /// Which MACs were taught by which member since the last call.
    fn frames(&mut self) -> Vec<(usize, Mac)> {
        let sent = std::iter::from_fn(|| self.bond.poll_transmit());
        sent.map(|sent| {
            assert_eq!(sent.frame[12..14], [0x90, 0], "a learning frame");
            assert_eq!(
                (sent.frame.len(), &sent.frame[..6]),
                (60, &sent.frame[6..12])
            );
            (
                sent.member,
                Mac(*sent.frame[..].first_chunk().expect("a MAC")),
            )
        })
        .collect()
    }

    /// Lets time pass as a host does; when what was taught.
    fn run(&mut self, span: Duration) -> Vec<(u64, usize)> {
        let (start, end) = (self.now, self.now + span);
        let mut taught = Vec::new();
        while let Some(due) = self.bond.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.wait(Duration::ZERO);
            let frames = self.frames().len();
            if frames > 0 {
                taught.push((due.since(start).as_millis(), frames));
            }
        }
        self.now = end;
        taught
    }

    /// After ten seconds in which these buckets had so many bytes more.
    fn load(&mut self, sent: &mut [u64; BUCKETS], load: &[(usize, u64)]) -> [u8; BUCKETS] {
        self.now += REBALANCE_INTERVAL;
        for (bucket, bytes) in load {
            sent[*bucket] += bytes;
        }
        assert!(self.bond.is_weighing(self.now));
        self.input(Input::Loads { bytes: sent });
        self.wait(Duration::ZERO);
        self.bond.egress().buckets
    }

    fn active(&self) -> Option<String> {
        self.bond.status().active
    }

    fn stations(&self) -> [Mac; 3] {
        [0, 1, 2].map(|member| self.bond.egress().station(member))
    }
}

fn config(mode: Mode) -> Config {
    three(mode)
}

fn mac(member: u8) -> Mac {
    interface(0, member).mac
}

#[test]
fn every_member_sends_and_the_active_one_receives_what_is_for_all() {
    for mode in MODES {
        let mut story = Story::new(config(mode));
        let table = story.bond.egress().clone();
        assert_eq!(table.usable[..], [0, 1, 2], "{mode}");
        assert_eq!(story.active().as_deref(), Some("eth1"));
        let flags = table
            .members
            .iter()
            .map(|m| (m.tx_enabled, m.rx_enabled, m.unicast_only));
        let is_alb = mode == Mode::BalanceAlb;
        let other = (true, is_alb, is_alb);
        assert_eq!(
            flags.collect::<Vec<_>>(),
            [(true, true, false), other, other]
        );
        for member in 0..3 {
            assert!(story.bond.status().carrier);
            assert!(story.bond.status().members[2].why.is_none());
            story.down(member);
        }
        assert_eq!(story.bond.egress().usable[..], NOBODY[..]);
        assert_eq!(story.active(), None);
        assert!(
            story
                .events()
                .contains(&Event::BondCarrier { carrier: false })
        );
    }
}

#[test]
fn the_active_member_is_chosen_as_in_active_backup() {
    for mode in MODES {
        let preferred = |primary_reselect| Config {
            primary: Some("eth2".into()),
            primary_reselect,
            ..config(mode)
        };
        for (reselect, after) in [
            (PrimaryReselect::Always, "eth2"),
            (PrimaryReselect::Failure, "eth1"),
        ] {
            let mut story = Story::new(preferred(reselect));
            story.down(1);
            assert_eq!(story.active().as_deref(), Some("eth1"), "{mode}");
            story.up(1);
            assert_eq!(story.active().as_deref(), Some(after), "{mode} {reselect}");
        }
        let mut ranked = config(mode);
        ranked.members[2].prio = 7;
        assert_eq!(
            Story::new(ranked).active().as_deref(),
            Some("eth3"),
            "{mode}"
        );
    }
}

#[test]
fn a_failover_moves_the_bonds_mac_and_teaches_it_at_once() {
    for mode in MODES {
        let mut story = Story::new(config(mode));
        assert_eq!(story.stations(), [mac(0), mac(1), mac(2)], "{mode}");
        story.down(0);
        assert_eq!(story.stations(), [mac(1), mac(0), mac(2)], "{mode}");
        assert!(story.events().contains(&Event::Active { member: Some(1) }));
        let taught = story.frames();
        assert!(
            taught.contains(&(1, mac(0))) && taught.contains(&(2, mac(2))),
            "{taught:?}"
        );
        // Clients of balance-alb send to the MAC of the member that is gone.
        assert_eq!(taught.contains(&(1, mac(1))), mode == Mode::BalanceAlb);
        story.up(0);
        assert_eq!(story.frames(), [(0, mac(1)), (1, mac(0)), (2, mac(2))]);
        assert_eq!(
            story.active().as_deref(),
            Some("eth2"),
            "no need to move back"
        );
    }
}

#[test]
fn a_member_that_is_not_active_comes_and_goes_without_moving_the_bonds_mac() {
    for mode in MODES {
        let mut story = Story::new(config(mode));
        story.down(2);
        assert_eq!(story.stations(), [mac(0), mac(1), mac(2)], "{mode}");
        let is_active = |event: &Event| matches!(event, Event::Active { .. });
        assert!(!story.events().iter().any(is_active));
        assert_eq!(story.bond.egress().place(), Some(0));
        story.up(2);
        assert_eq!(story.bond.egress().usable[..], [0, 1, 2]);
    }
}

#[test]
fn learning_frames_leave_by_every_member_each_lp_interval_and_a_new_one_holds_at_once() {
    for mode in MODES {
        let with = |lp_interval| Config {
            adaptive: AdaptiveConfig {
                lp_interval,
                ..AdaptiveConfig::default()
            },
            ..config(mode)
        };
        let mut story = Story::new(with(2));
        assert_eq!(
            story.run(ms(6_500)),
            [(2_000, 3), (4_000, 3), (6_000, 3)],
            "{mode}"
        );
        story.set_config(with(1));
        assert_eq!(story.run(ms(2_600)), [(1_000, 3), (2_000, 3)], "{mode}");
        story.down(1);
        story.frames();
        let others = if mode == Mode::BalanceAlb { 3 } else { 2 };
        assert_eq!(story.run(ms(1_100)), [(1_000, others)], "{mode}");
        for member in [0, 2] {
            story.down(member);
        }
        story.frames();
        assert_eq!(
            story.run(ms(30_000)),
            [],
            "{mode}: nobody is there to teach by"
        );
    }
}

#[test]
fn buckets_move_with_their_load_every_ten_seconds_and_not_for_little() {
    for mode in MODES {
        let mut story = Story::new(config(mode));
        let mut sent = [0; BUCKETS];
        let before = story.load(&mut sent, &[(0, 1_000), (3, 1_000)]);
        assert_eq!(
            before,
            story.bond.egress().buckets,
            "{mode}: nothing to compare with"
        );
        let other = 0;
        let heavy = (1..BUCKETS).find(|bucket| before[*bucket] == before[other]);
        let heavy = heavy.expect("another bucket of the same member");
        let generation = story.bond.egress().generation;
        let after = story.load(&mut sent, &[(other, 1_000), (heavy, 1_000)]);
        let moved: Vec<usize> = (0..BUCKETS).filter(|i| before[*i] != after[*i]).collect();
        assert!(moved == [heavy] || moved == [other], "{mode}: {moved:?}");
        assert!(story.bond.egress().generation > generation);
        let generation = story.bond.egress().generation;
        story.load(&mut sent, &[(other, 1_000), (heavy, 1_000)]);
        assert_eq!(
            story.bond.egress().generation,
            generation,
            "{mode}: it is good"
        );
    }
}

#[test]
fn without_dynamic_balancing_or_loads_no_bucket_moves() {
    for mode in MODES {
        let fixed = Config {
            adaptive: AdaptiveConfig {
                tlb_dynamic_lb: false,
                ..AdaptiveConfig::default()
            },
            ..config(mode)
        };
        let mut story = Story::new(fixed);
        assert_eq!(story.bond.egress().mapping, bond::Mapping::Modulo);
        story.now += REBALANCE_INTERVAL;
        assert!(!story.bond.is_weighing(story.now), "{mode}");
        let mut story = Story::new(config(mode));
        assert_eq!(story.bond.egress().mapping, bond::Mapping::Resilient);
        let before = story.bond.egress().clone();
        story.run(ms(60_000));
        assert_eq!(
            *story.bond.egress(),
            before,
            "{mode}: no forwarder says anything"
        );
        // One that comes anew counts from nothing.
        let mut sent = [1_000; BUCKETS];
        story.load(&mut sent, &[]);
        let mut sent = [0; BUCKETS];
        story.load(&mut sent, &[(0, 10)]);
        assert_eq!(
            *story.bond.egress(),
            before,
            "{mode}: one flow has nowhere better to go"
        );
        let mut sent = [1_000; BUCKETS];
        story.load(&mut sent, &[]);
        let mut sent = [0; BUCKETS];
        let same = (1..BUCKETS).find(|bucket| before.buckets[*bucket] == before.buckets[0]);
        let same = same.expect("another bucket of the member");
        let after = story.load(&mut sent, &[(0, 10), (same, 10)]);
        assert_ne!(after, before.buckets, "{mode}: two flows have");
    }
}

#[test]
fn clients_are_dealt_out_to_the_fastest_members_and_move_only_from_one_that_goes() {
    let mut story = Story::new(config(Mode::BalanceAlb));
    let share = |story: &Story| -> [usize; 3] {
        let clients = story.bond.egress().clients;
        [0, 1, 2].map(|member| clients.iter().filter(|owner| **owner == member).count())
    };
    assert!(share(&story).iter().all(|share| (84..=88).contains(share)));
    let before = story.bond.egress().clients;
    story.down(1);
    let during = story.bond.egress().clients;
    for (old, new) in before.iter().zip(during) {
        assert_eq!(*old == 1, *old != new);
    }
    story.up(1);
    assert!((84..=88).contains(&share(&story)[1]));
    story.set(2, |interface| interface.speed = Some(100_000));
    assert_eq!(share(&story), [0, 0, 256], "the others are slower");
    story.set(2, |interface| interface.speed = None);
    assert!(
        share(&story).iter().all(|share| *share > 80),
        "nobody knows"
    );
    let tlb = Story::new(config(Mode::BalanceTlb));
    assert_eq!(share(&tlb), [0; 3], "all send to the active one");
}

#[test]
fn the_next_daemon_goes_on_with_the_active_member_and_the_buckets_of_both_directions() {
    for mode in MODES {
        let mut story = Story::new(config(mode));
        story.down(0);
        story.down(2);
        story.up(0);
        story.up(2);
        let mut next = Bond::new(config(mode), story.now);
        assert!(next.restore(&story.bond.save(), story.now), "{mode}");
        let (before, after) = (story.bond.egress(), next.egress());
        assert!(after.generation > before.generation);
        let of = |table: &bond::egress::Table| (table.active, table.buckets, table.clients);
        assert_eq!(of(after), of(before), "{mode}");
        assert_eq!(next.status().active.as_deref(), Some("eth2"));
    }
}

#[test]
fn lacps_frames_and_monitors_mean_nothing_here_and_a_mode_that_changes_misses_no_link() {
    for mode in MODES {
        let mut story = Story::new(config(mode));
        let before = story.bond.egress().clone();
        let bytes = &[0; 124];
        story.input(Input::Frame { member: 0, bytes });
        assert_eq!(*story.bond.egress(), before);
        assert!(story.bond.lacp_status().is_none() && story.bond.listens().is_none());
        story.set_config(config(Mode::BalanceXor));
        assert_eq!(story.bond.egress().active, None);
        assert!(!story.bond.is_weighing(story.now + REBALANCE_INTERVAL));
        story.set_config(config(mode));
        assert_eq!(story.bond.egress().active, Some(0));
        assert_eq!(story.bond.egress().usable[..], [0, 1, 2], "{mode}");
    }
}
