//! PDUs get lost, come twice, and overtake each other.

use bond::lacp::receive;
use bond::{Config, Fallback};
use proptest::prelude::*;
use wire::lacp::State;

use crate::pair::{Fate, Pair, fast, ms};

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Lost),
        (0..1_500u64).prop_map(Fate::Late),
        (0..1_500u64).prop_map(Fate::Twice),
        Just(Fate::Late(0)),
    ]
}

fn config(coupled_control: bool, lacp_max_bundle: u8) -> Config {
    Config {
        coupled_control,
        lacp_max_bundle,
        fallback: Fallback::None,
        ..fast(3)
    }
}

/// No member sends without a partner that has said so.
fn check(pair: &Pair) {
    for side in 0..2 {
        for member in pair.usable(side) {
            let port = pair.port(side, member.into());
            assert_eq!(port.receive, receive::State::Current);
            assert!(port.partner.state.contains(State::SYNCHRONIZATION));
            let is_coupled = pair.bonds[side].config().coupled_control;
            assert!(is_coupled || port.partner.state.contains(State::COLLECTING));
            assert!(pair.receives(side).contains(&member));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn two_bonds_find_each_other_through_any_weather_and_send_into_nobody_who_does_not_receive(
        weather in proptest::collection::vec(fate(), 0..200),
        controls in any::<[bool; 2]>(),
        most in prop_oneof![Just([0, 0]), Just([2, 2]), Just([1, 0]), Just([1, 2])],
    ) {
        let configs = [0, 1].map(|side| config(controls[side], most[side]));
        let [first, second] = configs;
        let mut pair = Pair::new(first, second);
        pair.weather = weather;
        let mut seconds = 0;
        while !pair.weather.is_empty() && seconds < 400 {
            let end = pair.now + ms(1_000);
            while pair.step(end) {
                check(&pair);
            }
            pair.now = end;
            seconds += 1;
        }
        // Two sides that have given each other up speak every 29 s.
        pair.weather.clear();
        pair.run(ms(40_000));
        let fewest = most.into_iter().filter(|most| *most > 0).min().unwrap_or(3);
        let expected: Vec<u8> = (0..fewest).collect();
        prop_assert_eq!(pair.usable(0), expected.clone());
        prop_assert_eq!(pair.usable(1), expected.clone());
        prop_assert_eq!(pair.receives(0), expected);
    }

    #[test]
    fn no_bytes_panic_disturb_another_member_or_are_answered_without_limit(
        frames in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 0..140), any::<bool>(), 0..4u8),
            0..60,
        ),
    ) {
        let mut pair = Pair::settled(fast(2), fast(2));
        for (mut bytes, is_slow, subtype) in frames {
            let source = [2, 0, 0, 0, 1, 0, 0x88, 0x09, subtype, 1];
            let head = [&wire::slow::GROUP.0[..], &source].concat();
            if is_slow && bytes.len() >= head.len() {
                bytes[..head.len()].copy_from_slice(&head);
            }
            pair.input(0, bond::Input::Frame { member: 0, bytes: &bytes });
        }
        prop_assert!(pair.usable(0).contains(&1));
        prop_assert!(pair.sent_by(0, 1).is_empty());
        prop_assert!(pair.sent_by(0, 0).len() <= 6, "three PDUs and three responses");
    }
}
