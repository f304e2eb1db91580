//! Whatever happens to the cables, nothing is sent into a partner that does not collect, and when
//! it is over all is as before.

use bond::lacp::receive;
use bond::{Config, Fallback, Forwarder, Input};
use proptest::prelude::*;
use wire::lacp::State;

use crate::pair::{Pair, fast, ms};

/// A thing that happens to a member or to everything.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    Silence(usize),
    Sound(usize),
    Cut(usize),
    Plug(usize),
    Speed(usize, u32),
    Stall,
    Resume,
    Restart,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let member = 0..3usize;
    prop_oneof![
        member.clone().prop_map(Mishap::Silence),
        member.clone().prop_map(Mishap::Sound),
        member.clone().prop_map(Mishap::Cut),
        member.clone().prop_map(Mishap::Plug),
        (member, prop_oneof![Just(1_000), Just(10_000)]).prop_map(|(m, s)| Mishap::Speed(m, s)),
        Just(Mishap::Stall),
        Just(Mishap::Resume),
        Just(Mishap::Restart),
    ]
}

fn happen(pair: &mut Pair, mishap: Mishap) {
    match mishap {
        Mishap::Silence(member) => pair.silent[member] = true,
        Mishap::Sound(member) => pair.silent[member] = false,
        Mishap::Cut(member) => pair.cable(member, false),
        Mishap::Plug(member) => pair.cable(member, true),
        Mishap::Speed(member, speed) => pair.change(0, member, |i| i.speed = Some(speed)),
        Mishap::Stall => pair.input(0, Input::Forwarder(Forwarder::Stale)),
        Mishap::Resume => pair.input(0, Input::Forwarder(Forwarder::Alive)),
        Mishap::Restart => {
            let saved = pair.bonds[0].save();
            pair.bonds[0] = bond::Bond::new(pair.bonds[0].config().clone(), pair.now);
            assert!(pair.bonds[0].restore(&saved, pair.now));
            pair.announce(0);
        }
    }
}

fn strict() -> Config {
    Config {
        fallback: Fallback::None,
        ..fast(3)
    }
}

/// Each member in use has a partner that says it is in sync with us and has not been silent.
fn check(pair: &Pair) {
    for side in 0..2 {
        let mut keys = Vec::new();
        for member in pair.usable(side) {
            let port = pair.port(side, member.into());
            assert_eq!(port.receive, receive::State::Current);
            assert!(port.partner.state.contains(State::SYNCHRONIZATION));
            assert!(pair.interfaces[side][usize::from(member)].carrier);
            keys.push((port.actor.key, port.partner.key));
        }
        keys.dedup();
        assert!(keys.len() <= 1, "one aggregator: {keys:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_member_in_use_lacks_a_partner_and_all_come_back_in_the_end(
        mishaps in proptest::collection::vec((mishap(), 0..4_000u64), 0..30),
    ) {
        let mut pair = Pair::settled(strict(), strict());
        for (mishap, pause) in mishaps {
            happen(&mut pair, mishap);
            check(&pair);
            for _ in 0..4 {
                pair.run(ms(pause / 4));
                check(&pair);
            }
        }
        for member in 0..3 {
            happen(&mut pair, Mishap::Sound(member));
            happen(&mut pair, Mishap::Plug(member));
            happen(&mut pair, Mishap::Speed(member, 10_000));
        }
        happen(&mut pair, Mishap::Resume);
        // Two sides that have given each other up speak every 29 s.
        pair.run(ms(40_000));
        prop_assert_eq!(pair.usable(0), [0, 1, 2]);
        prop_assert_eq!(pair.usable(1), [0, 1, 2]);
    }
}
