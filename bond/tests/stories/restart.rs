//! The daemon dies and another takes over.

use bond::{Bond, Config, Forwarder, Input, LacpRate, Saved, Why};
use wire::Mac;
use wire::lacp::State;

use crate::pair::{NOBODY, Pair, config, fast, ms};
use crate::peace::{of, owners, port};

/// Kills the first bond's daemon for a while; its successor starts from what was saved, if at all.
fn restart(pair: &mut Pair, dead: u64, saved: Option<&Saved>) {
    let config = pair.bonds[0].config().clone();
    let corpse = Bond::new(
        Config {
            name: "dead".into(),
            ..config.clone()
        },
        pair.now,
    );
    pair.bonds[0] = corpse;
    pair.run(ms(dead));
    pair.bonds[0] = Bond::new(config, pair.now);
    if let Some(saved) = saved {
        assert!(pair.bonds[0].restore(saved, pair.now));
    }
    pair.drain(0);
    pair.announce(0);
}

/// As it would be read back from the file.
fn through_json(saved: &Saved) -> Saved {
    serde_json::from_str(&serde_json::to_string(saved).expect("writes")).expect("reads")
}

#[test]
fn a_restored_bond_never_sends_a_pdu_without_sync_and_its_partner_notices_nothing() {
    for (rate, dead) in [(LacpRate::Fast, 2_000), (LacpRate::Slow, 60_000)] {
        let with_rate = |members| Config {
            lacp_rate: rate,
            ..config(members)
        };
        let mut pair = Pair::settled(with_rate(2), with_rate(2));
        pair.run(ms(rate_period(rate)));
        let saved = through_json(&pair.bonds[0].save());
        pair.sent.clear();
        pair.events.clear();
        restart(&mut pair, dead, Some(&saved));
        assert_eq!(pair.usable(0), [0, 1], "usable before the first PDU");
        let first = pair
            .sent
            .iter()
            .find(|sent| sent.from == 0)
            .expect("a PDU at once");
        assert_eq!(first.at, pair.now);
        pair.run(ms(10_000));
        let open = State::SYNCHRONIZATION
            .with(State::COLLECTING)
            .with(State::DISTRIBUTING);
        assert!(pair.sent.iter().all(|sent| sent.state().contains(open)));
        let noticed = pair.events.iter().filter(|(side, _)| *side == 1).count();
        assert_eq!(noticed, 0, "{:?}", pair.events);
    }
}

fn rate_period(rate: LacpRate) -> u64 {
    match rate {
        LacpRate::Slow => 29_000,
        LacpRate::Fast => 900,
    }
}

#[test]
fn a_successor_with_other_members_goes_on_with_those_that_stay() {
    let mut pair = Pair::settled(of(&[1, 2]), fast(3));
    pair.configure(0, of(&[2, 1]));
    let before = [port(&pair, "eth1"), port(&pair, "eth2")];
    let buckets = owners(&pair);
    pair.events.clear();
    let saved = through_json(&pair.bonds[0].save());
    let identity = pair.bonds[0].identity();
    pair.sent.clear();
    pair.now += ms(1_500);
    pair.bonds[0] = Bond::known_as(of(&[3, 2]), &identity, pair.now);
    assert!(pair.bonds[0].restore(&saved, pair.now));
    pair.drain(0);
    pair.announce(0);
    assert_eq!(pair.usable(0), [1], "at once");
    assert_eq!(port(&pair, "eth2").actor, before[1].actor);
    assert_eq!(
        port(&pair, "eth3").actor.port,
        before[0].actor.port,
        "it was free"
    );
    let kept = buckets.iter().zip(owners(&pair));
    assert!(
        kept.into_iter()
            .all(|(_, new)| new.as_deref() == Some("eth2"))
    );
    pair.run(ms(10_000));
    assert_eq!(pair.usable(0), [0, 1]);
    let sync = |sent: &crate::pair::Sent| sent.state().contains(State::SYNCHRONIZATION);
    assert!(pair.sent_by(0, 1).iter().all(sync));
    let noticed = pair.events.iter().filter(|(side, _)| *side == 1);
    let noticed: Vec<_> = noticed.filter(|(_, e)| e.member() == Some(1)).collect();
    assert!(noticed.is_empty(), "{noticed:?}");
}

#[test]
fn a_successor_that_comes_too_late_is_the_same_system_with_the_same_ports() {
    let mut pair = Pair::settled(of(&[2, 1]), fast(2));
    pair.configure(0, of(&[1, 2]));
    let before = ["eth1", "eth2"].map(|name| port(&pair, name).actor);
    let json = serde_json::to_string(&pair.bonds[0].identity()).expect("writes");
    let identity = serde_json::from_str(&json).expect("reads");
    pair.bonds[0] = Bond::known_as(of(&[1, 2]), &identity, pair.now);
    pair.announce(0);
    pair.run(ms(10_000));
    let after = ["eth1", "eth2"].map(|name| port(&pair, name).actor);
    assert_eq!(after, before);
    // Nobody knows a bond of another name.
    pair.bonds[0] = Bond::new(of(&[1, 2]), pair.now);
    pair.announce(0);
    pair.run(ms(10_000));
    let other = ["eth1", "eth2"].map(|name| port(&pair, name).actor);
    assert_ne!(
        other.map(|actor| actor.port),
        before.map(|actor| actor.port)
    );
    assert_ne!(other[0].system, before[0].system);
}

#[test]
fn without_saved_state_the_partner_sees_the_members_leave() {
    let mut pair = Pair::settled(fast(2), fast(2));
    restart(&mut pair, 500, None);
    assert_eq!(pair.usable(0), NOBODY);
    pair.run(ms(10));
    assert_eq!(pair.usable(1), NOBODY);
    pair.run(ms(5_000));
    assert_eq!(pair.usable(1), [0, 1]);
}

#[test]
fn the_table_a_successor_publishes_moves_no_flow_and_is_newer() {
    let mut pair = Pair::settled(fast(3), fast(3));
    pair.cable(0, false);
    let before = pair.bonds[0].egress().clone();
    let saved = through_json(&pair.bonds[0].save());
    restart(&mut pair, 100, Some(&saved));
    let after = pair.bonds[0].egress();
    assert_eq!(before.buckets, after.buckets);
    assert_eq!(before.usable, after.usable);
    assert!(after.generation >= before.generation);
}

#[test]
fn a_link_lost_while_nobody_watched_is_lost_at_the_first_look() {
    let mut pair = Pair::settled(fast(2), fast(2));
    let saved = pair.bonds[0].save();
    pair.interfaces[0][1].carrier = false;
    restart(&mut pair, 500, Some(&saved));
    assert_eq!(pair.usable(0), [0]);
    assert_eq!(pair.why(0, 1), Some(Why::NoCarrier));
}

#[test]
fn a_partner_that_went_silent_meanwhile_expires_after_the_timeout() {
    let mut pair = Pair::settled(fast(2), fast(2));
    let saved = pair.bonds[0].save();
    pair.silent[1] = true;
    restart(&mut pair, 500, Some(&saved));
    pair.run(ms(2_900));
    assert_eq!(pair.usable(0), [0, 1]);
    pair.run(ms(200));
    assert_eq!(pair.usable(0), [0]);
}

#[test]
fn a_stale_forwarder_is_still_stale_after_a_restart() {
    let mut pair = Pair::settled(fast(1), fast(1));
    pair.input(0, Input::Forwarder(Forwarder::Stale));
    pair.run(ms(100));
    let saved = pair.bonds[0].save();
    pair.sent.clear();
    restart(&mut pair, 500, Some(&saved));
    assert!(
        pair.sent_by(0, 0)
            .iter()
            .all(|s| !s.state().contains(State::SYNCHRONIZATION))
    );
    pair.input(0, Input::Forwarder(Forwarder::Alive));
    pair.run(ms(1_000));
    assert_eq!(pair.usable(1), [0]);
}

#[test]
fn a_looped_member_carries_nothing_after_a_restart_either() {
    let mut pair = Pair::new(fast(2), fast(2));
    pair.crossed = Some((0, 1));
    pair.run(ms(10_000));
    assert_eq!(pair.why(0, 0), Some(Why::Loopback));
    let saved = through_json(&pair.bonds[0].save());
    restart(&mut pair, 500, Some(&saved));
    assert_eq!(pair.usable(0), NOBODY, "before its own PDU is back");
    pair.run(ms(10_000));
    assert_eq!(pair.usable(0), NOBODY);
    pair.crossed = None;
    // Both sides speak every 30 seconds only, now that they have given each other up.
    pair.run(ms(35_000));
    assert_eq!(pair.usable(0), [0, 1], "the cables are right again");
}

#[test]
fn what_was_saved_lives_as_long_as_the_partner_holds_it() {
    for (partner, lifetime) in [(fast(1), ms(3_000)), (config(1), ms(90_000))] {
        let pair = Pair::settled(fast(1), partner);
        assert_eq!(pair.bonds[0].save().lifetime(), lifetime);
    }
}

#[test]
fn what_another_bond_saved_is_refused() {
    let pair = Pair::settled(fast(2), fast(2));
    let saved = pair.bonds[0].save();
    let mut other = Bond::new(
        Config {
            mac: Some(Mac([2; 6])),
            ..fast(2)
        },
        pair.now,
    );
    assert!(!other.restore(&saved, pair.now));
    let mut other = Bond::new(
        Config {
            name: "bond1".into(),
            ..fast(2)
        },
        pair.now,
    );
    assert!(!other.restore(&saved, pair.now));
    assert!(other.egress().usable.is_empty());
}

#[test]
fn an_orderly_stop_tells_the_partner_who_moves_its_traffic_at_once() {
    let mut pair = Pair::settled(fast(2), fast(2));
    pair.bonds[0].farewell();
    pair.drain(0);
    let last = pair.sent_by(0, 1);
    assert_eq!(last.last().expect("a farewell").state(), State(0x03));
    pair.run(ms(2));
    assert_eq!(pair.usable(1), NOBODY);
}
