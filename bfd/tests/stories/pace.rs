//! When packets are sent.

use bfd::Config;

use crate::world::{World, ms};

fn gaps(multiplier: u8) -> Vec<u64> {
    let config = Config {
        multiplier,
        ..Config::default()
    };
    let mut world = World::up([config; 2]);
    world.run(ms(60_000));
    assert_eq!(world.events, []);
    let gaps = world.gaps(0);
    gaps.iter().map(|gap| gap.as_nanos() / 1_000).collect()
}

#[test]
fn periodic_packets_come_after_75_to_100_percent_of_the_interval() {
    let gaps = gaps(3);
    assert!(gaps.iter().all(|gap| (37_500..=50_000).contains(gap)));
    let (least, most) = (gaps.iter().min(), gaps.iter().max());
    assert!(
        least < Some(&38_500) && most > Some(&49_000),
        "{least:?} {most:?}"
    );
    let mean = gaps.iter().sum::<u64>() / u64::try_from(gaps.len()).expect("few");
    assert!((43_000..44_500).contains(&mean), "{mean}");
}

#[test]
fn with_a_multiplier_of_1_they_come_after_90_percent_at_most() {
    let gaps = gaps(1);
    assert!(gaps.iter().all(|gap| (37_500..=45_000).contains(gap)));
}

#[test]
fn a_session_that_is_not_up_sends_once_in_750_ms_at_most() {
    let mut world = World::apart([Config::default(); 2]);
    world.run(ms(60_000));
    let gaps = world.gaps(0);
    assert!(gaps.len() > 55);
    assert!(gaps.iter().all(|gap| (ms(750)..=ms(1_000)).contains(gap)));
}

#[test]
fn the_peers_receiving_slows_our_sending_down() {
    let slow = Config {
        min_rx: ms(300),
        ..Config::default()
    };
    let mut world = World::up([Config::default(), slow]);
    world.run(ms(30_000));
    assert!(
        world
            .gaps(0)
            .iter()
            .all(|gap| (ms(225)..=ms(300)).contains(gap))
    );
    assert!(
        world
            .gaps(1)
            .iter()
            .all(|gap| (ms(37)..=ms(50)).contains(gap))
    );
}
