//! What is known of members goes with them when others come, go or change places: in every mode.

use bond::moves::Moved;
use bond::{Bond, Config, Event, Input, MicroBfd, Mode, Why};
use wire::{Instant, Mac};

use crate::network::{Network, watched};
use crate::pair::{Pair, fast, interface, ms};
use crate::peace::of;
use crate::road::Road;

const NOW: Instant = Instant::from_nanos(1_000_000_000);

fn bond(mode: Mode, members: &[usize]) -> Config {
    Config {
        mode,
        ..of(members)
    }
}

/// A bond whose members have carrier; what it sent and told is taken.
fn up(config: Config) -> Bond {
    let mut bond = Bond::new(config, NOW);
    for member in 0..bond.config().members.len() {
        let number: u8 = bond.config().members[member].name[3..]
            .parse()
            .expect("ethN");
        let interface = interface(0, number - 1);
        bond.handle_input(NOW, Input::Link { member, interface });
    }
    drain(&mut bond);
    bond
}

/// Who sent, and what happened.
fn drain(bond: &mut Bond) -> (Vec<usize>, Vec<Event>) {
    let sent = std::iter::from_fn(|| bond.poll_transmit()).map(|sent| sent.member);
    let sent = sent.collect();
    (sent, std::iter::from_fn(|| bond.poll_event()).collect())
}

fn active(bond: &Bond) -> Option<String> {
    bond.status().active
}

const ACTIVE: [Mode; 3] = [Mode::ActiveBackup, Mode::BalanceTlb, Mode::BalanceAlb];

#[test]
fn the_active_member_stays_active_wherever_it_is_and_switches_need_not_learn() {
    for mode in ACTIVE {
        let mut bond = up(bond(mode, &[2, 1, 3]));
        let members = |order| Config { mode, ..of(order) };
        assert_eq!(active(&bond).as_deref(), Some("eth2"), "{mode}");
        bond.set_config(NOW, members(&[1, 3, 2]));
        assert_eq!(active(&bond).as_deref(), Some("eth2"), "{mode}");
        bond.set_config(NOW, members(&[3, 2]));
        assert_eq!(active(&bond).as_deref(), Some("eth2"), "{mode}");
        assert_eq!(drain(&mut bond), (vec![], vec![]), "{mode}");
        bond.set_config(NOW, members(&[4, 3, 2]));
        assert_eq!(active(&bond).as_deref(), Some("eth2"), "{mode}");
    }
}

#[test]
fn another_one_becomes_active_when_the_active_one_is_taken_out_and_the_macs_stay_unique() {
    for mode in ACTIVE {
        let mut bond = up(bond(mode, &[1, 2, 3]));
        let mac = bond.status().mac;
        let next = Config {
            primary: Some("eth3".into()),
            mode,
            ..of(&[2, 3])
        };
        bond.set_config(NOW, next);
        assert_eq!(active(&bond).as_deref(), Some("eth3"), "{mode}");
        assert_eq!(bond.status().mac, mac, "{mode}: known by it as before");
        let table = bond.egress();
        assert_eq!(table.place(), Some(1));
        if mode != Mode::ActiveBackup {
            let macs: Vec<Mac> = [0, 1].map(|member| table.station(member)).into();
            assert_eq!(macs, [Mac([2, 0, 0, 0, 0, 1]), mac], "{mode}");
        }
    }
}

#[test]
fn a_static_bonds_buckets_move_as_little_as_they_can() {
    for mode in [Mode::BalanceXor, Mode::BalanceTlb, Mode::BalanceAlb] {
        let mut bond = up(bond(mode, &[1, 2, 3]));
        let named = |bond: &Bond| -> Vec<String> {
            let members = bond.config().members.clone();
            let buckets = bond.egress().buckets.iter();
            let name = |owner: &u8| members[usize::from(*owner)].name.clone();
            buckets.map(name).collect()
        };
        let before = named(&bond);
        bond.set_config(
            NOW,
            Config {
                mode,
                ..of(&[4, 3, 1])
            },
        );
        for (old, new) in before.iter().zip(named(&bond)) {
            assert!(*old == new || old == "eth2", "{mode}");
        }
    }
}

#[test]
fn a_silent_member_is_silent_in_another_place_too_and_the_others_are_not() {
    let mut network = Network::settled(watched());
    network.silent[0] = true;
    // Half an interval more: nothing is on its way.
    network.run(550);
    assert_eq!(network.why(0), Some(Why::Silent));
    network.events.clear();
    let mut config = watched();
    config.members.rotate_left(1);
    network.bond.set_config(network.now, config);
    network.silent.rotate_left(1);
    network.interfaces.rotate_left(1);
    network.run(1_000);
    let whys = [0, 1, 2].map(|member| network.why(member));
    assert_eq!(whys, [None, Some(Why::Backup), Some(Why::Silent)]);
    assert_eq!(network.events, []);
}

#[test]
fn a_damped_member_stays_held_as_long_as_it_would_have_been() {
    let mut config = Config::new("bond0", Mode::ActiveBackup, &["eth1", "eth2"]);
    config.damping.damping = true;
    let mut network = Network::settled(config.clone());
    for _ in 0..20 {
        network.carrier(0, false);
        network.run(50);
        network.carrier(0, true);
        network.run(50);
    }
    let before = network.bond.status_at(network.now).members[0].clone();
    assert_eq!(before.why, Some(Why::Damped));
    config.members.reverse();
    network.bond.set_config(network.now, config);
    let after = network.bond.status_at(network.now).members[1].clone();
    assert_eq!(
        (after.penalty, after.reuse_in_ms, after.failures, after.why),
        (
            before.penalty,
            before.reuse_in_ms,
            before.failures,
            before.why
        )
    );
}

#[test]
fn a_path_that_is_open_stays_open_and_that_of_a_new_member_is_closed() {
    let [local, remote] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(std::net::IpAddr::from);
    let with_bfd = |members: &[usize]| Config {
        micro_bfd: Some(MicroBfd::new(local, remote)),
        ..of(members)
    };
    let mut pair = Pair::settled(with_bfd(&[1, 2]), fast(3));
    pair.input(
        0,
        Input::Path {
            member: 0,
            is_open: true,
        },
    );
    pair.configure(0, with_bfd(&[3, 2, 1]));
    pair.run(ms(5_000));
    let is_open = [0, 1, 2].map(|member| pair.bonds[0].is_path_open(member));
    assert_eq!(is_open, [false, false, true]);
    assert_eq!(pair.usable(0), [2]);
    assert_eq!(pair.why(0, 0), Some(Why::PathDown));
}

#[test]
fn a_round_that_members_change_in_begins_anew_and_ends_in_order() {
    let mut road = Road::settled(&fast(3), &[12, 1, 1]);
    road.link(1, false);
    road.run(ms(1_000));
    road.link(1, true);
    road.wait_until(|road| !road.bonds[0].egress().moving.held.is_empty());
    let before = road.bonds[0].status().moved;
    road.bonds[0].set_config(road.now, fast(2));
    assert!(road.bonds[0].egress().moving.held.is_empty());
    road.run(ms(3_000));
    assert_eq!(road.counts(), [128, 128]);
    let Moved { late, lost, .. } = road.bonds[0].status().moved;
    assert_eq!((late, lost), (before.late, before.lost + 128));
}
