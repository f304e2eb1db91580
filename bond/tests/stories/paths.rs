//! What micro-BFD says of the members' paths.

use bond::{Bond, Config, Event, Input, MicroBfd, Why};
use wire::Duration;

use crate::pair::{NOBODY, Pair, fast, ms};

fn with_bfd(members: usize) -> Config {
    let [local, remote] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(std::net::IpAddr::from);
    Config {
        micro_bfd: Some(MicroBfd::new(local, remote)),
        ..fast(members)
    }
}

fn path(pair: &mut Pair, member: usize, is_open: bool) {
    pair.input(0, Input::Path { member, is_open });
}

fn wanted(pair: &Pair) -> [bool; 2] {
    [0, 1].map(|member| pair.bonds[0].is_path_wanted(member))
}

fn why(bond: &Bond, member: usize) -> Option<Why> {
    bond.status().members[member].why
}

#[test]
fn a_member_is_not_used_before_its_path_is_open_and_lacp_runs() {
    let mut pair = Pair::settled(with_bfd(2), fast(2));
    assert_eq!(pair.usable(0), NOBODY);
    assert_eq!(pair.usable(1), [0, 1], "the partner has no micro-BFD");
    assert_eq!(wanted(&pair), [true, true]);
    assert_eq!(why(&pair.bonds[0], 0), Some(Why::PathDown));
    path(&mut pair, 1, true);
    assert_eq!(pair.usable(0), [1]);
    path(&mut pair, 0, true);
    assert_eq!(pair.usable(0), [0, 1]);
}

#[test]
fn a_path_that_closes_takes_its_member_from_sending_at_once_and_leaves_receiving_and_lacp() {
    let delayed = Config {
        miimon: 100,
        downdelay: 2_000,
        updelay: 2_000,
        ..with_bfd(2)
    };
    let mut pair = Pair::settled(delayed, fast(2));
    pair.run(ms(5_000));
    path(&mut pair, 0, true);
    path(&mut pair, 1, true);
    pair.events.clear();
    path(&mut pair, 0, false);
    assert_eq!(pair.usable(0), [1]);
    let entry = &pair.bonds[0].egress().members[0];
    assert!(entry.rx_enabled && !entry.tx_enabled && entry.carrier);
    assert_eq!(why(&pair.bonds[0], 0), Some(Why::PathDown));
    let usable = false;
    assert_eq!(pair.events, [(0, Event::Usable { member: 0, usable })]);
    pair.run(Duration::from_secs(60));
    assert_eq!(pair.port(0, 0).counters.expired, 0);
    assert_eq!(pair.usable(1), [0, 1]);
    assert_eq!(pair.bonds[0].status().members[0].failures, 0);
    path(&mut pair, 0, true);
    assert_eq!(pair.usable(0), [0, 1], "updelay is carrier's");
}

#[test]
fn a_session_is_wanted_only_where_lacp_uses_the_member() {
    let mut pair = Pair::new(with_bfd(2), fast(2));
    assert_eq!(wanted(&pair), [false, false]);
    pair.run(ms(5_000));
    assert_eq!(wanted(&pair), [true, true]);
    pair.silent[1] = true;
    pair.run(ms(5_000));
    assert_eq!(wanted(&pair), [true, false]);
    let without = Pair::settled(fast(2), fast(2));
    assert_eq!(wanted(&without), [false, false]);
}

#[test]
fn micro_bfd_that_is_configured_later_takes_nothing_that_is_in_use_away() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.silent[1] = true;
    pair.run(ms(5_000));
    let now = pair.now;
    pair.bonds[0].set_config(now, with_bfd(2));
    pair.drain(0);
    assert_eq!(pair.usable(0), [0]);
    pair.silent[1] = false;
    pair.run(ms(10_000));
    assert_eq!(pair.usable(0), [0], "the other was not in use");
    assert_eq!(why(&pair.bonds[0], 1), Some(Why::PathDown));
    let now = pair.now;
    pair.bonds[0].set_config(now, fast(2));
    assert_eq!(pair.usable(0), [0, 1]);
    path(&mut pair, 0, false);
    assert_eq!(pair.usable(0), [0, 1], "without micro-BFD it has no say");
}

#[test]
fn what_paths_said_outlives_a_restart_unless_micro_bfd_is_gone() {
    let mut pair = Pair::settled(with_bfd(2), fast(2));
    path(&mut pair, 1, true);
    let saved = pair.bonds[0].save();
    let restored = |config| {
        let mut bond = Bond::new(config, pair.now);
        assert!(bond.restore(&saved, pair.now));
        [0, 1].map(|member| bond.is_path_open(member))
    };
    assert_eq!(restored(with_bfd(2)), [false, true]);
    assert_eq!(restored(fast(2)), [true, true]);
}
