//! Whatever happens, when it is over each network that hangs together has one Active router.

use proptest::prelude::*;
use vrrp::{Centiseconds, Config, Forwarder, Input, State};

use crate::lan::{Lan, config, ms};

/// A thing that happens to a box or to the network.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    Separate(usize, usize),
    Deafen(usize, usize),
    Heal,
    Copies(usize),
    Stop(usize),
    Resume(usize),
    Stale(usize),
    Alive(usize),
    Down(usize),
    Up(usize),
    Kill(usize),
    Restart(usize),
    Preempt(usize, bool),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let node = 0..5usize;
    prop_oneof![
        (node.clone(), node.clone()).prop_map(|(a, b)| Mishap::Separate(a, b)),
        (node.clone(), node.clone()).prop_map(|(a, b)| Mishap::Deafen(a, b)),
        Just(Mishap::Heal),
        (1..3usize).prop_map(Mishap::Copies),
        node.clone().prop_map(Mishap::Stop),
        node.clone().prop_map(Mishap::Resume),
        node.clone().prop_map(Mishap::Stale),
        node.clone().prop_map(Mishap::Alive),
        node.clone().prop_map(Mishap::Down),
        node.clone().prop_map(Mishap::Up),
        node.clone().prop_map(Mishap::Kill),
        node.clone().prop_map(Mishap::Restart),
        (node, any::<bool>()).prop_map(|(a, preempt)| Mishap::Preempt(a, preempt)),
    ]
}

fn happen(lan: &mut Lan, mishap: Mishap) {
    let n = lan.nodes.len();
    match mishap {
        Mishap::Separate(a, b) => lan.separate(&[a % n, b % n]),
        Mishap::Deafen(a, b) => lan.deaf[a % n][b % n] = true,
        Mishap::Heal => lan.heal(),
        Mishap::Copies(copies) => lan.copies = copies,
        Mishap::Stop(a) => lan.stop(a % n),
        Mishap::Resume(a) => lan.resume(a % n),
        Mishap::Stale(a) => lan.input(a % n, Input::Forwarder(Forwarder::Stale)),
        Mishap::Alive(a) => lan.input(a % n, Input::Forwarder(Forwarder::Alive)),
        Mishap::Down(a) => lan.input(a % n, Input::Interface(None)),
        Mishap::Up(a) => {
            let source = lan.nodes[a % n].source;
            lan.input(a % n, Input::Interface(Some(source)));
        }
        Mishap::Kill(a) => lan.kill(a % n),
        Mishap::Restart(a) => {
            let lease = lan.nodes[a % n].router.lease();
            lan.kill(a % n);
            if let Some(until) = lease {
                lan.input(a % n, Input::Resume { until });
            }
            lan.start(a % n);
        }
        Mishap::Preempt(a, preempt) => {
            let config = lan.nodes[a % n].router.config().clone();
            lan.set_config(a % n, Config { preempt, ..config });
        }
    }
}

/// What holds at every moment.
fn check(lan: &Lan) {
    for (i, node) in lan.nodes.iter().enumerate() {
        let status = node.router.status(lan.now);
        let leased = node.router.lease().is_some_and(|until| until > lan.now);
        if status.state == State::Active {
            assert_eq!(status.forwarder, Forwarder::Alive, "box {i}");
        }
        let is_resuming = status.state == State::Initialize || status.forwarder == Forwarder::Stale;
        assert!(
            !leased || status.state == State::Active || is_resuming,
            "box {i}"
        );
        assert_eq!(status.counters.lost, 0);
    }
}

fn boxes() -> impl Strategy<Value = Vec<Config>> {
    let one = (1_u8..255, any::<bool>(), 5_u16..30);
    let one = one.prop_map(|(priority, preempt, hundredths)| Config {
        preempt,
        advert_int: Centiseconds::new(hundredths).expect("in range"),
        ..config(priority)
    });
    proptest::collection::vec(one, 2..6)
}

/// The longest Active_Down_Interval of these boxes is four times 290 ms; the longest skew one.
const CONVERGENCE: u64 = 5 * 290;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn after_convergence_each_network_has_exactly_one_active_router(
        boxes in boxes(),
        mishaps in proptest::collection::vec((mishap(), 0..1_500_u64), 0..40),
        group in proptest::collection::vec(0..5_usize, 0..3),
    ) {
        let mut lan = Lan::started(&boxes);
        for (mishap, pause) in mishaps {
            happen(&mut lan, mishap);
            check(&lan);
            lan.run(ms(pause));
            check(&lan);
        }
        let n = lan.nodes.len();
        let group: Vec<usize> = group.iter().map(|node| node % n).collect();
        lan.heal();
        lan.separate(&group);
        for node in 0..n {
            lan.resume(node);
            lan.start(node);
        }
        lan.run(ms(CONVERGENCE));
        let (inside, outside): (Vec<usize>, Vec<usize>) =
            (0..n).partition(|node| group.contains(node));
        for side in [inside, outside] {
            let actives = lan.actives().into_iter().filter(|node| side.contains(node));
            prop_assert_eq!(actives.count(), usize::from(!side.is_empty()));
        }
        let before = lan.actives();
        lan.forget();
        lan.run(ms(CONVERGENCE));
        prop_assert_eq!(lan.actives(), before);
        prop_assert!(lan.events.is_empty(), "{:?}", lan.events);
        prop_assert_eq!(lan.serving(), lan.actives());
    }
}
