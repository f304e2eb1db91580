//! The worker while buckets move: frames wait and keep their order, markers leave behind what was
//! sent, and what has not left is not drained.

use std::sync::atomic::AtomicU64;

use bond::egress::{Ask, Moving};
use bond::{Mode, XmitHashPolicy, feedback};
use lvsd::held::CAPACITY;
use lvsd::reason::DropReason;
use wire::{Duration, Mac};

use crate::appliance::{Appliance, Sizes, syn};

const SYSTEM: Mac = Mac([2, 0, 0, 0, 0, 9]);
/// The generation of the first table of each test.
const FIRST: u64 = 4;

fn appliance(sizes: Sizes) -> Appliance {
    let mut appliance = Appliance::detached(sizes);
    appliance.table.mode = Mode::Ieee8023ad;
    appliance.table.policy = XmitHashPolicy::Layer34;
    appliance.table.generation = FIRST - 2;
    appliance.table.buckets = [0; 256];
    feedback::set_workers(words(&appliance), 1);
    appliance.attach();
    appliance
}

fn words(appliance: &Appliance) -> &[AtomicU64] {
    appliance.shared.bonds[0].feedback.words()
}

/// Every bucket is held.
fn hold(appliance: &mut Appliance) {
    (0..=255).for_each(|bucket| appliance.table.moving.held.insert(bucket));
    appliance.publish();
}

/// Every bucket is the second member's.
fn go_over(appliance: &mut Appliance) {
    appliance.table.buckets = [1; 256];
    appliance.table.moving = Moving::default();
    appliance.publish();
    appliance.worker.turn(appliance.now);
}

/// The source ports of what left by a member since the last call.
fn ports(appliance: &Appliance, member: usize) -> Vec<u16> {
    let port = |frame: Vec<u8>| u16::from_be_bytes([frame[34], frame[35]]);
    appliance.wire.take(member).into_iter().map(port).collect()
}

fn drained(appliance: &Appliance) -> u64 {
    feedback::drained(words(appliance), 0)
}

#[test]
fn frames_of_buckets_that_move_wait_and_leave_by_the_new_member_in_their_order() {
    let mut appliance = appliance(Sizes::default());
    appliance.receive(&syn(4_000));
    assert_eq!(ports(&appliance, 0), [4_000]);
    hold(&mut appliance);
    for port in 4_001..4_009 {
        appliance.receive(&syn(port));
    }
    assert!(appliance.sent().is_empty());
    assert_eq!(feedback::held(words(&appliance)), 8);
    // Another table that still holds them changes nothing.
    appliance.publish();
    appliance.receive(&syn(4_009));
    assert!(appliance.sent().is_empty());
    go_over(&mut appliance);
    appliance.receive(&syn(4_010));
    assert_eq!(ports(&appliance, 1), (4_001..=4_010).collect::<Vec<_>>());
    assert!(ports(&appliance, 0).is_empty());
    assert_eq!(appliance.worker.lane().held_frames(), 0);
    assert_eq!(feedback::held(words(&appliance)), 9);
}

#[test]
fn what_is_held_counts_as_sent_when_it_is() {
    let mut appliance = appliance(Sizes::default());
    let bytes = |appliance: &Appliance| -> u64 {
        let buckets = 0..=255;
        buckets.map(|b| feedback::bytes(words(appliance), b)).sum()
    };
    hold(&mut appliance);
    appliance.receive(&syn(4_000));
    assert_eq!(bytes(&appliance), 0);
    go_over(&mut appliance);
    let sent = appliance.sent();
    assert_eq!(bytes(&appliance), sent[0].len() as u64);
}

#[test]
fn frames_of_buckets_that_stay_do_not_wait() {
    let mut appliance = appliance(Sizes::default());
    hold(&mut appliance);
    let held = (4_000..4_032).filter(|port| {
        appliance.receive(&syn(*port));
        appliance.sent().is_empty()
    });
    assert_eq!(held.count(), 32);
    for bucket in 0..128 {
        appliance.table.moving.held.remove(bucket);
    }
    appliance.publish();
    appliance.worker.turn(appliance.now);
    let left = appliance.sent().len();
    assert!((1..32).contains(&left), "{left}");
}

#[test]
fn a_full_queue_drops_and_counts_and_what_waits_already_stays() {
    let mut appliance = appliance(Sizes {
        frames: 2 * CAPACITY,
        ring: 2 * CAPACITY,
        ..Sizes::default()
    });
    hold(&mut appliance);
    for n in 0..CAPACITY + 3 {
        appliance.receive(&syn(4_000 + u16::try_from(n).unwrap()));
    }
    let counters = &appliance.shared.workers[0].counters;
    assert_eq!(counters.drops(DropReason::BucketQueueFull).total(), 3);
    go_over(&mut appliance);
    assert_eq!(appliance.sent().len(), CAPACITY);
}

#[test]
fn when_bondd_dies_over_a_move_frames_wait_no_longer_than_200_ms_and_stay_with_the_old_member() {
    let mut appliance = appliance(Sizes::default());
    hold(&mut appliance);
    appliance.receive(&syn(4_000));
    appliance.pass(Duration::from_millis(200));
    appliance.receive(&syn(4_001));
    assert!(appliance.sent().is_empty());
    appliance.pass(Duration::from_millis(1));
    appliance.worker.turn(appliance.now);
    appliance.receive(&syn(4_002));
    assert_eq!(ports(&appliance, 0), [4_000, 4_001, 4_002]);
}

#[test]
fn a_member_that_is_masked_meanwhile_is_not_waited_for() {
    let mut appliance = appliance(Sizes::default());
    hold(&mut appliance);
    appliance.receive(&syn(4_000));
    let masked = &appliance.shared.bonds[0].masked;
    masked.store(0b01, std::sync::atomic::Ordering::Relaxed);
    appliance.worker.turn(appliance.now);
    assert_eq!(ports(&appliance, 1), [4_000]);
}

#[test]
fn a_marker_leaves_behind_what_was_sent_once_and_by_the_worker_that_is_asked() {
    for worker in [0, 1] {
        let mut appliance = appliance(Sizes::default());
        appliance.wire.block(0, true);
        appliance.receive(&syn(4_000));
        appliance.table.moving.ask = Some(Ask {
            worker,
            members: 0b01,
            transaction: 77,
            system: SYSTEM,
        });
        hold(&mut appliance);
        appliance.receive(&syn(4_001));
        // The same question in another table is no other question.
        appliance.publish();
        appliance.worker.turn(appliance.now);
        appliance.wire.block(0, false);
        appliance.worker.turn(appliance.now);
        let sent = appliance.wire.take(0);
        assert_eq!(sent.len(), if worker == 0 { 2 } else { 1 });
        assert_eq!(sent[0][34..36], 4_000_u16.to_be_bytes());
        if let Some(marker) = sent.get(1) {
            let question = wire::marker::Marker::parse(&marker[14..]).unwrap();
            assert_eq!((question.system, question.port), (SYSTEM, 7));
            assert_eq!(question.transaction, 77);
            assert_eq!(question.kind, wire::marker::Kind::Information);
        }
        assert!(appliance.wire.take(1).is_empty());
    }
}

#[test]
fn a_table_counts_as_drained_when_what_was_sent_before_it_has_left_and_not_before() {
    let mut appliance = appliance(Sizes::default());
    appliance.worker.turn(appliance.now);
    assert_eq!(drained(&appliance), FIRST);
    appliance.wire.block(0, true);
    appliance.receive(&syn(4_000));
    hold(&mut appliance);
    for _ in 0..3 {
        appliance.receive(&syn(4_001));
        assert_eq!(feedback::generation(words(&appliance), 0), FIRST + 2);
        assert_eq!(drained(&appliance), FIRST, "a frame is in the ring");
    }
    appliance.wire.block(0, false);
    appliance.worker.turn(appliance.now);
    assert_eq!(drained(&appliance), FIRST + 2);
}

#[test]
fn a_worker_that_sleeps_has_drained_everything_and_one_that_is_awake_says_what() {
    let mut appliance = appliance(Sizes::default());
    let stop = std::sync::atomic::AtomicBool::new(false);
    let start = std::time::Instant::now();
    let now = appliance.now;
    let clock = || now + Duration::from_nanos(u64::try_from(start.elapsed().as_nanos()).unwrap());
    let (shared, stopped) = (std::sync::Arc::clone(&appliance.shared), &stop);
    let words = || shared.bonds[0].feedback.words();
    std::thread::scope(|scope| {
        let worker = &mut appliance.worker;
        let mode = lvsd::worker::PollMode::Adaptive;
        scope.spawn(move || worker.run(mode, stopped, clock).unwrap());
        let limit = std::time::Duration::from_secs(10);
        let slept = tests::wait::until("the worker to sleep", limit, || {
            (feedback::drained(words(), 0) == feedback::ASLEEP).then_some(())
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        shared.workers[0].from_host.nudge();
        slept.unwrap();
    });
    assert_eq!(feedback::drained(words(), 0), FIRST);
}
