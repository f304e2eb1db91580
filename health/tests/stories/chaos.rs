//! Any outcomes, in any order, under any changes.

use std::collections::BTreeMap;

use health::{CheckConfig, Config, Health, Outcome, Probe, Reason, TargetId, Verdict};
use proptest::prelude::*;
use wire::{Duration, Instant};

use crate::world::{check, millis, target};

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Probe,
    Report {
        which: usize,
        well: bool,
        took: u64,
    },
    Configure {
        first: u16,
        reals: u16,
        interval: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u64..8_000).prop_map(Step::Wait),
        4 => Just(Step::Probe),
        4 => (any::<usize>(), any::<bool>(), 0_u64..4_000)
            .prop_map(|(which, well, took)| Step::Report { which, well, took }),
        1 => (0_u16..3, 0_u16..6, 1_u64..10)
            .prop_map(|(first, reals, interval)| Step::Configure { first, reals, interval }),
    ]
}

fn config(first: u16, reals: u16, interval: u64) -> Config {
    let check = CheckConfig {
        interval: millis(interval * 1_000),
        ..check()
    };
    let targets = (first..first + reals).map(|number| target("web", number, check.clone()));
    Config {
        targets: targets.collect(),
    }
}

/// The pool as the verdicts have it, where they are enough.
fn pool(health: &Health) -> Option<bool> {
    let all = health.status();
    if all.iter().any(|status| status.verdict == Verdict::Up) {
        Some(true)
    } else if !all.is_empty() && all.iter().all(|status| status.verdict == Verdict::Down) {
        Some(false)
    } else {
        None
    }
}

proptest! {
    #[test]
    fn what_listeners_were_told_is_what_the_engine_holds(steps in prop::collection::vec(step(), 1..200)) {
        let mut now = Instant::from_nanos(0);
        let mut health = Health::new(config(0, 4, 5), now);
        let mut under_way: Vec<Probe> = Vec::new();
        let mut told = BTreeMap::new();
        let mut alive = None;
        for step in steps {
            match step {
                Step::Wait(span) => now += millis(span),
                Step::Probe => under_way.extend(health.poll_probe(now)),
                Step::Report { which, well, took } if !under_way.is_empty() => {
                    let target = under_way.swap_remove(which % under_way.len()).target;
                    let result = if well { Ok(()) } else { Err(Reason::Reset) };
                    health.handle_input(now, Outcome { target, result, took: millis(took) });
                }
                Step::Report { .. } => {}
                Step::Configure { first, reals, interval } => {
                    health.set_config(now, config(first, reals, interval));
                }
            }
            let changes = health.take_changes();
            told.extend(changes.reals);
            alive = changes.pools.get("web").copied().or(alive);
            // Every verdict has been told, and no other.
            for (key, up) in health.verdicts().reals {
                prop_assert_eq!(told.get(&key), Some(&up));
            }
            for status in health.status() {
                if status.verdict == Verdict::Unknown {
                    let key = (status.service, status.real);
                    prop_assert_ne!(told.get(&key), Some(&false), "held down by nobody");
                }
            }
            if let Some(found) = pool(&health) {
                prop_assert_eq!(alive, Some(found));
            }
            prop_assert_eq!(health.stats().events_lost, 0);
            while health.poll_event().is_some() {}
        }
    }

    #[test]
    fn a_target_never_has_two_probes_under_way(steps in prop::collection::vec(step(), 1..200)) {
        let mut now = Instant::from_nanos(0);
        let mut health = Health::new(config(0, 4, 5), now);
        let mut under_way: Vec<TargetId> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(span) => now += millis(span),
                Step::Probe => if let Some(probe) = health.poll_probe(now) {
                    prop_assert!(!under_way.contains(&probe.target));
                    under_way.push(probe.target);
                },
                Step::Report { which, took, .. } if !under_way.is_empty() => {
                    let target = under_way.swap_remove(which % under_way.len());
                    health.handle_input(now, Outcome { target, result: Ok(()), took: millis(took) });
                    if let Some(due) = health.poll_timeout() {
                        prop_assert!(due <= now + Duration::from_secs(10));
                    }
                }
                Step::Report { .. } => {}
                // The same targets: in another rhythm they stay who they are.
                Step::Configure { interval, .. } => health.set_config(now, config(0, 4, interval)),
            }
        }
    }
}
