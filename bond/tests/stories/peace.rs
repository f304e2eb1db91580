//! Members come, go and change places; the others are left in peace.
//!
//! Each story is told twice: what a bond and its partner send by the cables of members that stay is, to
//! the bit and to the moment, what they send where nothing changes.

use bond::{Config, LacpRate, Mode, PortStatus, Why};
use proptest::prelude::*;
use wire::lacp::State;
use wire::{Instant, Mac};

use crate::pair::{Pair, Sent, fast, ms};

/// A bond of these members, by the numbers in their names.
pub fn of(members: &[usize]) -> Config {
    let names: Vec<String> = members.iter().map(|i| format!("eth{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Config {
        lacp_rate: LacpRate::Fast,
        ..Config::new("bond0", Mode::Ieee8023ad, &names)
    }
}

/// A settled pair whose first bond has these of its partner's three members.
fn settled(members: &[usize]) -> Pair {
    Pair::settled(of(members), fast(3))
}

/// What the first bond says of a member.
pub fn port(pair: &Pair, name: &str) -> PortStatus {
    let ports = pair.bonds[0].lacp_status().expect("802.3ad").ports;
    let port = ports.into_iter().find(|port| port.member == name);
    port.expect("a member")
}

/// The names of the buckets' owners.
pub fn owners(pair: &Pair) -> Vec<Option<String>> {
    let members = &pair.bonds[0].config().members;
    let name = |owner: &u8| Some(members.get(usize::from(*owner))?.name.clone());
    pair.bonds[0].egress().buckets.iter().map(name).collect()
}

/// The cables that the first bond sends by.
fn used(pair: &Pair) -> Vec<usize> {
    let members = pair.usable(0).into_iter().map(usize::from);
    let mut cables: Vec<usize> = members.map(|member| pair.cable_of(0, member)).collect();
    cables.sort_unstable();
    cables
}

fn is_open(sent: &Sent) -> bool {
    let open = State::SYNCHRONIZATION
        .with(State::COLLECTING)
        .with(State::DISTRIBUTING);
    sent.state().contains(open)
}

/// All that both sides send by these cables in a while, in the order of time and cable.
fn traffic(pair: &mut Pair, cables: &[usize], millis: u64) -> Vec<(Instant, usize, Vec<u8>)> {
    pair.run(ms(millis));
    let sent = pair.sent.iter();
    let sent = sent.filter(|sent| cables.contains(&sent.member));
    let mut all: Vec<_> = sent.map(|s| (s.at, s.from, s.frame.clone())).collect();
    all.sort();
    all
}

/// Tells the story with and without the change, and has the cables compared; the changed one.
fn left_in_peace(members: &[usize], change: &[usize], cables: &[usize]) -> Pair {
    let (mut changed, mut unchanged) = (settled(members), settled(members));
    changed.configure(0, of(change));
    let (changed_traffic, unchanged_traffic) = (
        traffic(&mut changed, cables, 10_000),
        traffic(&mut unchanged, cables, 10_000),
    );
    assert!(!unchanged_traffic.is_empty());
    assert!(changed_traffic == unchanged_traffic);
    changed
}

#[test]
fn a_member_that_is_added_joins_and_disturbs_nobody() {
    let before = owners(&settled(&[1, 2]));
    let pair = left_in_peace(&[1, 2], &[1, 2, 3], &[0, 1]);
    assert_eq!(used(&pair), [0, 1, 2]);
    assert_eq!(pair.usable(1), [0, 1, 2]);
    let after = owners(&pair);
    let moved: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).collect();
    assert!((85..=86).contains(&moved.len()), "{}", moved.len());
    let is_new = |owner: &Option<String>| owner.as_deref() == Some("eth3");
    assert!(moved.iter().all(|(_, new)| is_new(new)));
    let events = pair.events.iter().filter_map(|(_, event)| event.member());
    assert!(
        events.into_iter().all(|member| member == 2),
        "{:?}",
        pair.events
    );
}

#[test]
fn a_member_that_is_put_before_the_others_disturbs_nobody_either() {
    let pair = left_in_peace(&[2, 3], &[1, 2, 3], &[1, 2]);
    assert_eq!(used(&pair), [0, 1, 2]);
    assert_eq!(pair.usable(0), [0, 1, 2], "and is the first");
    let numbers = ["eth1", "eth2", "eth3"].map(|name| port(&pair, name).actor.port);
    assert_eq!(numbers, [3, 1, 2]);
}

#[test]
fn of_a_member_that_is_removed_only_its_own_buckets_move_and_the_others_keep_what_they_are() {
    let pair = settled(&[1, 2, 3]);
    let before = owners(&pair);
    let is_gone = |owner: &Option<String>| owner.as_deref() == Some("eth1");
    let ports = ["eth2", "eth3"].map(|name| port(&pair, name));
    let pair = left_in_peace(&[1, 2, 3], &[2, 3], &[1, 2]);
    for (old, new) in before.iter().zip(owners(&pair)) {
        assert!(new.is_some());
        assert!(*old == new || is_gone(old));
    }
    for before in ports {
        let now = port(&pair, &before.member);
        assert_eq!(now.actor, before.actor, "its number as well");
        assert_eq!((now.aggregator, now.mux), (before.aggregator, before.mux));
        assert!(now.counters.lacpdus_rx > before.counters.lacpdus_rx);
    }
    let told = pair.sent_by(0, 0);
    assert_eq!(told.len(), 1, "a farewell");
    assert_eq!(told[0].state(), State(0x03));
    assert_eq!(pair.usable(1), [1, 2]);
    let kept = [1, 2].iter().flat_map(|cable| pair.sent_by(0, *cable));
    assert!(kept.into_iter().all(|sent| is_open(&sent)));
    assert_eq!(pair.bonds[0].status().moved.lost, 86);
}

#[test]
fn of_a_bond_whose_members_change_places_nobody_notices_anything() {
    let before = owners(&settled(&[1, 2, 3]));
    let pair = left_in_peace(&[1, 2, 3], &[3, 1, 2], &[0, 1, 2]);
    assert_eq!(pair.events, [], "not even its own host");
    assert_eq!(owners(&pair), before);
    assert_eq!(pair.bonds[0].status().moved.lost, 0);
}

#[test]
fn the_number_of_a_port_is_its_members_for_as_long_as_that_is_there_and_then_free() {
    let mut pair = settled(&[1, 2]);
    pair.configure(0, of(&[3, 2]));
    pair.run(ms(5_000));
    let number = |pair: &Pair, name| port(pair, name).actor.port;
    assert_eq!(number(&pair, "eth2"), 2);
    assert_eq!(number(&pair, "eth3"), 1, "the smallest that is free");
    pair.configure(0, of(&[1, 2, 3]));
    pair.run(ms(5_000));
    let numbers = ["eth1", "eth2", "eth3"].map(|name| number(&pair, name));
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(used(&pair), [0, 1, 2]);
}

#[test]
fn who_gets_the_number_of_a_member_that_is_gone_gets_nothing_else_of_it() {
    let mut pair = settled(&[1, 2]);
    let aggregator = port(&pair, "eth2").aggregator;
    assert_eq!(aggregator, Some(1), "that of the first port");
    // The partner has another system behind the third cable.
    pair.change(1, 2, |interface| interface.speed = Some(1_000));
    pair.configure(0, of(&[2, 3]));
    pair.run(ms(5_000));
    assert_eq!(port(&pair, "eth3").actor.port, 1);
    assert_eq!(port(&pair, "eth2").aggregator, aggregator);
    assert_ne!(port(&pair, "eth3").aggregator, aggregator);
    assert_eq!(used(&pair), [1]);
}

#[test]
fn a_bond_that_loses_the_member_whose_mac_it_has_keeps_it() {
    let mac = Mac([2, 0, 0, 0, 0, 0]);
    let pair = left_in_peace(&[1, 2], &[2], &[1]);
    assert_eq!(pair.bonds[0].status().mac, mac);
    assert_eq!(port(&pair, "eth2").actor.system, mac);
}

#[test]
fn a_port_that_carries_traffic_without_a_partner_goes_on_with_that_wherever_it_is() {
    let mut pair = settled(&[1, 2]);
    pair.silent = vec![true; 3];
    pair.run(ms(10_000));
    assert_eq!(used(&pair), [0]);
    pair.events.clear();
    pair.configure(0, of(&[3, 2, 1]));
    assert!(port(&pair, "eth1").is_fallback);
    pair.run(ms(10_000));
    assert_eq!(used(&pair), [0]);
    assert!(
        pair.events
            .iter()
            .all(|(_, event)| event.member() == Some(0))
    );
    pair.configure(0, of(&[3, 2]));
    assert_eq!(
        used(&pair),
        [1],
        "another one at once, the lowest by number"
    );
    assert!(port(&pair, "eth2").is_fallback);
}

#[test]
fn a_bond_that_changes_members_and_mode_begins_anew_but_for_its_mac_and_links() {
    let mut pair = settled(&[1, 2]);
    let config = Config {
        mode: Mode::ActiveBackup,
        ..of(&[3, 2])
    };
    pair.configure(0, config);
    for cable in [0, 1] {
        let told = pair.sent_by(0, cable);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].state(), State(0x03));
    }
    assert_eq!(pair.bonds[0].status().mac, Mac([2, 0, 0, 0, 0, 0]));
    assert_eq!(used(&pair), [1], "the one whose link is known");
    assert_eq!(pair.why(0, 0), Some(Why::Backup));
}

/// Some of five members in any order.
fn members() -> impl Strategy<Value = Vec<usize>> {
    proptest::sample::subsequence(vec![1, 2, 3, 4, 5], 1..=5).prop_shuffle()
}

/// Who carries traffic now, with its port's number.
fn working(pair: &Pair) -> Vec<(String, u16)> {
    let ports = pair.bonds[0].lacp_status().expect("802.3ad").ports;
    let ports = ports.into_iter().filter(|port| port.why.is_none());
    ports.map(|port| (port.member, port.actor.port)).collect()
}

fn check(pair: &Pair) {
    let bond = &pair.bonds[0];
    let ports = bond.lacp_status().expect("802.3ad").ports;
    let mut numbers: Vec<u16> = ports.iter().map(|port| port.actor.port).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), ports.len(), "each number once");
    let table = bond.egress();
    let is_used = |owner: &u8| table.usable.contains(owner);
    assert!(table.usable.is_empty() || table.buckets.iter().all(is_used));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_members_come_and_go_those_that_stay_stay_as_they_are(
        first in members(),
        changes in proptest::collection::vec((members(), 0..6_000u64), 1..8),
    ) {
        let mut pair = Pair::settled(of(&first), fast(5));
        for (next, wait) in changes {
            let (before, buckets) = (working(&pair), owners(&pair));
            let stays = |name: &String| next.iter().any(|i| format!("eth{i}") == *name);
            let had: Vec<String> = before.iter().map(|(name, _)| name.clone()).collect();
            let staying: Vec<_> = before.into_iter().filter(|(name, _)| stays(name)).collect();
            pair.sent.clear();
            pair.configure(0, of(&next));
            let is_kept = || {
                let now = working(&pair);
                staying.iter().all(|member| now.contains(member))
            };
            prop_assert!(is_kept(), "at once");
            // One that waited for who is gone now may join at this moment, and gets its share.
            let joins = |new: Option<String>| new.is_none_or(|name| !had.contains(&name));
            for (old, new) in buckets.iter().zip(owners(&pair)) {
                let is_gone = old.as_ref().is_none_or(|name| !stays(name));
                prop_assert!(*old == new || is_gone || joins(new));
            }
            check(&pair);
            pair.run(ms(wait));
            prop_assert!(staying.iter().all(|member| working(&pair).contains(member)));
            check(&pair);
            for (name, _) in &staying {
                let cable: usize = name[3..].parse::<usize>().expect("a number") - 1;
                prop_assert!(pair.sent_by(0, cable).iter().all(is_open));
            }
        }
    }
}
