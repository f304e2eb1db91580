//! Buckets move in order: when idle, when drained and the marker is answered, or after 50 ms.

use bond::moves::Moved;
use bond::{Config, Mode};
use proptest::prelude::*;
use wire::Mac;
use wire::marker::{Kind, Marker};

use crate::pair::{fast, ms};
use crate::road::{BUSY, Road};

fn static_bond(members: usize) -> Config {
    Config {
        mode: Mode::BalanceXor,
        ..fast(members)
    }
}

/// What has moved since `before`, and how.
fn moved(road: &Road, before: Moved) -> Moved {
    let now = road.bonds[0].status().moved;
    Moved {
        idle: now.idle - before.idle,
        drained: now.drained - before.drained,
        answered: now.answered - before.answered,
        late: now.late - before.late,
        lost: now.lost - before.lost,
        held: 0,
    }
}

/// The second member goes and comes back, up to the moment when frames of its buckets are held: by then its
/// partner is known to answer.
fn begin_a_return(road: &mut Road) {
    road.link(1, false);
    road.run(ms(1_000));
    road.link(1, true);
    road.wait_until(|road| !road.bonds[0].egress().moving.held.is_empty());
}

/// A member of two goes and comes back, and has its buckets again.
fn go_and_come(road: &mut Road) -> Moved {
    let before = road.bonds[0].status().moved;
    road.link(1, false);
    road.run(ms(1_000));
    assert_eq!(road.counts(), [256, 0]);
    road.link(1, true);
    road.run(ms(5_000));
    assert_eq!(road.counts(), [128, 128]);
    moved(road, before)
}

#[test]
fn a_member_that_comes_back_gets_its_buckets_behind_an_answered_marker_and_nothing_is_overtaken() {
    let mut road = Road::settled(&fast(2), &[12, 1]);
    let how = go_and_come(&mut road);
    assert_eq!(
        how,
        Moved {
            answered: BUSY.into(),
            idle: 128 - u64::from(BUSY),
            lost: 128,
            ..Moved::default()
        }
    );
    assert!(road.arrived > 1_000 && road.overtaken == 0);
    // There and back on the slow link, and not much longer.
    assert!(road.longest_hold() >= ms(20) && road.longest_hold() <= ms(35));
}

#[test]
fn workers_that_do_not_wait_let_frames_be_overtaken() {
    let mut road = Road::settled(&fast(2), &[12, 1]);
    road.is_hasty = true;
    go_and_come(&mut road);
    assert!(road.overtaken > 0, "the story could not see it");
}

#[test]
fn a_partner_that_answers_no_markers_is_asked_once_before_anything_waits_and_then_drain_is_enough()
{
    let mut road = Road::new(&fast(2), &[1, 1]);
    road.is_mute = true;
    road.run(ms(5_000));
    let how = go_and_come(&mut road);
    assert_eq!((how.answered, how.drained, how.late), (0, BUSY.into(), 0));
    assert_eq!(road.overtaken, 0);
    assert!(road.longest_hold() < ms(5), "{:?}", road.longest_hold());
}

#[test]
fn a_partner_that_did_not_answer_is_asked_again_after_a_minute() {
    let mut road = Road::new(&fast(2), &[1, 1]);
    road.is_mute = true;
    road.run(ms(5_000));
    road.is_mute = false;
    assert_eq!(go_and_come(&mut road).answered, 0);
    road.load = 0;
    road.run(ms(60_000));
    road.load = 2;
    road.run(ms(100));
    assert_eq!(go_and_come(&mut road).answered, u64::from(BUSY));
}

#[test]
fn a_member_that_works_without_a_partner_asks_nobody() {
    let mut road = Road::new(&fast(2), &[1, 1]);
    for link in 0..2 {
        road.deaf[link] = true;
    }
    road.run(ms(10_000));
    assert_eq!(road.bonds[0].egress().usable.len(), 1);
    let status = road.bonds[0].lacp_status().expect("802.3ad");
    assert!(
        status
            .ports
            .iter()
            .all(|port| port.counters.marker_pdus_tx == 0)
    );
}

#[test]
fn without_lacp_there_are_no_markers_and_drain_is_enough() {
    let mut road = Road::settled(&static_bond(2), &[1, 1]);
    let how = go_and_come(&mut road);
    assert_eq!((how.answered, how.drained, how.late), (0, BUSY.into(), 0));
    assert_eq!(road.overtaken, 0);
}

/// In balance-tlb and balance-alb.
fn adaptive(mode: Mode) -> Config {
    Config { mode, ..fast(2) }
}

#[test]
fn in_balance_tlb_and_alb_a_share_goes_back_when_the_workers_have_drained() {
    for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
        let mut road = Road::settled(&adaptive(mode), &[1, 1]);
        let how = go_and_come(&mut road);
        // Buckets apart from each other: half of those that are busy.
        let busy = u64::from(BUSY / 2);
        assert_eq!((how.idle, how.drained, how.late), (128 - busy, busy, 0));
        assert_eq!(road.overtaken, 0, "{mode}");
        road.is_hasty = true;
        road.overtaken = 0;
        road.delays[0] = ms(12);
        go_and_come(&mut road);
        assert!(road.overtaken > 0, "{mode}: the story could not see it");
    }
}

#[test]
fn in_balance_tlb_and_alb_a_load_moves_when_the_workers_have_drained_and_not_before() {
    for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
        let mut road = Road::settled(&adaptive(mode), &[1, 1]);
        // The first look has nothing to compare with.
        road.run(ms(11_000));
        let before = road.bonds[0].status().moved;
        let owners = road.bonds[0].egress().buckets;
        let of_first = (0..owners.len()).filter(|bucket| owners[*bucket] == 0);
        of_first
            .take(2)
            .for_each(|heavy| road.extra[heavy] = 1_000_000_000);
        road.is_stalled = true;
        road.wait_until(|road| !road.bonds[0].egress().moving.held.is_empty());
        road.run(ms(20));
        assert_eq!(road.bonds[0].egress().buckets, owners, "{mode}: not yet");
        road.is_stalled = false;
        road.run(ms(10));
        assert_ne!(road.bonds[0].egress().buckets, owners, "{mode}");
        assert!(road.bonds[0].egress().moving.held.is_empty(), "{mode}");
        let how = moved(&road, before);
        assert!(how.late == 0 && how.lost == 0, "{how:?}");
        assert_eq!(road.overtaken, 0, "{mode}");
    }
}

#[test]
fn idle_buckets_move_without_a_marker() {
    let mut road = Road::settled(&fast(2), &[12, 1]);
    road.load = 0;
    let how = go_and_come(&mut road);
    assert_eq!((how.idle, how.answered), (128, 0));
}

#[test]
fn an_answer_that_does_not_come_lets_buckets_move_after_50_ms() {
    let mut road = Road::settled(&fast(2), &[1, 1]);
    go_and_come(&mut road);
    begin_a_return(&mut road);
    road.is_mute = true;
    road.wait_until(|road| road.bonds[0].egress().moving.ask.is_some());
    let before = road.bonds[0].status().moved;
    road.run(ms(45));
    let idle = 128 - usize::from(BUSY);
    assert_eq!(road.counts(), [256 - idle, idle], "not before its time");
    road.run(ms(6));
    assert_eq!(moved(&road, before).late, u64::from(BUSY));
    assert_eq!(road.counts(), [128, 128]);
    assert!(road.bonds[0].egress().moving.held.is_empty());
}

#[test]
fn only_the_answer_to_the_open_question_counts() {
    let mut road = Road::settled(&fast(2), &[1, 1]);
    go_and_come(&mut road);
    begin_a_return(&mut road);
    road.is_mute = true;
    road.wait_until(|road| road.bonds[0].egress().moving.ask.is_some());
    let ask = road.bonds[0].egress().moving.ask.expect("a question");
    let right = Marker {
        kind: Kind::Response,
        port: 1,
        system: ask.system,
        transaction: ask.transaction,
    };
    let before = road.bonds[0].status().moved.answered;
    let mut answer = |member, marker: Marker| {
        road.hear(member, &marker.emit_frame(Mac([2; 6])));
        road.run(ms(1));
        road.bonds[0].status().moved.answered - before
    };
    let (port, transaction) = (2, right.transaction.wrapping_sub(1));
    let system = Mac([2, 0, 0, 0, 9, 9]);
    assert_eq!(answer(0, Marker { port, ..right }), 0);
    assert_eq!(answer(0, Marker { system, ..right }), 0);
    assert_eq!(
        answer(
            0,
            Marker {
                transaction,
                ..right
            }
        ),
        0
    );
    assert_eq!(answer(1, right), 0, "by another port");
    assert_eq!(answer(0, right), u64::from(BUSY));
}

#[test]
fn a_bondd_that_is_started_anew_within_a_move_moves_nothing_before_the_forwarder_is_there() {
    let mut road = Road::settled(&fast(2), &[12, 1]);
    begin_a_return(&mut road);
    road.restart();
    let now = road.now;
    road.bonds[0].settle(now, None);
    assert_eq!(road.counts(), [256, 0]);
    road.run(ms(1_000));
    assert_eq!((road.counts(), road.overtaken), (vec![128, 128], 0));
    // One that does not come sends nothing.
    road.restart();
    road.bonds[0].settle(road.now, None);
    let mut config = road.bonds[0].config().clone();
    config.members[0].weight = Some(3);
    let now = road.now;
    road.bonds[0].set_config(now, config);
    road.bonds[0].handle_timeout(now + ms(499));
    assert_eq!(road.counts(), [128, 128]);
    road.bonds[0].handle_timeout(now + ms(500));
    assert_eq!(road.counts(), [192, 64]);
}

#[test]
fn a_forwarder_that_stands_still_is_waited_for_no_longer_than_50_ms() {
    let mut road = Road::settled(&static_bond(2), &[1, 1]);
    road.link(1, false);
    road.run(ms(100));
    road.is_stalled = true;
    road.link(1, true);
    road.run(ms(45));
    assert_eq!(road.counts(), [256, 0]);
    road.run(ms(10));
    assert_eq!(road.counts(), [128, 128]);
}

#[test]
fn without_a_forwarder_nothing_is_waited_for() {
    let mut road = Road::settled(&static_bond(2), &[1, 1]);
    road.link(1, false);
    let now = road.now;
    road.bonds[0].settle(now, None);
    road.link(1, true);
    assert_eq!(road.counts(), [128, 128]);
}

#[test]
fn buckets_of_a_lost_member_move_at_once_also_those_that_are_held() {
    let mut road = Road::settled(&fast(2), &[12, 1]);
    road.link(1, false);
    assert_eq!(road.counts(), [256, 0], "at once");
    road.run(ms(1_000));
    road.link(1, true);
    road.wait_until(|road| !road.bonds[0].egress().moving.held.is_empty());
    road.link(0, false);
    assert_eq!(road.counts(), [0, 256]);
    assert!(road.bonds[0].egress().moving.held.is_empty());
    road.run(ms(100));
    assert_eq!(road.overtaken, 0);
}

#[test]
fn buckets_whose_new_member_is_lost_stay_where_they_are() {
    let mut road = Road::settled(&fast(2), &[12, 1]);
    begin_a_return(&mut road);
    road.link(1, false);
    assert_eq!(road.counts(), [256, 0]);
    assert!(road.bonds[0].egress().moving.held.is_empty());
    road.run(ms(1_000));
    assert_eq!(road.overtaken, 0);
}

#[test]
fn no_more_than_three_markers_a_second_leave_by_a_member() {
    let mut road = Road::settled(&fast(3), &[1, 1, 1]);
    let asked = |road: &Road| {
        let status = road.bonds[0].lacp_status().expect("802.3ad");
        status.ports[0].counters.marker_pdus_tx
    };
    let mut weights = [1, 2, 3].into_iter().cycle();
    let before = asked(&road);
    for _ in 0..20 {
        let mut config = road.bonds[0].config().clone();
        config.members[0].weight = weights.next();
        let now = road.now;
        road.bonds[0].set_config(now, config);
        road.run(ms(100));
    }
    assert!((2..=9).contains(&(asked(&road) - before)));
    assert_eq!(road.overtaken, 0);
}

#[test]
fn buckets_follow_weights_set_by_hand_and_go_back_to_speed_without_them() {
    let mut road = Road::settled(&fast(2), &[12, 1]);
    let set = |road: &mut Road, weights: [Option<u8>; 2]| {
        let mut config = road.bonds[0].config().clone();
        for (member, weight) in config.members.iter_mut().zip(weights) {
            member.weight = weight;
        }
        let now = road.now;
        road.bonds[0].set_config(now, config);
        road.run(ms(2_000));
        road.counts()
    };
    assert_eq!(set(&mut road, [Some(3), None]), [192, 64]);
    assert_eq!(set(&mut road, [Some(3), Some(5)]), [96, 160]);
    assert_eq!(set(&mut road, [None, None]), [128, 128]);
    assert_eq!(road.overtaken, 0);
}

#[test]
fn buckets_follow_speed_unless_that_of_a_member_is_unknown() {
    let mut road = Road::settled(&static_bond(2), &[1, 1]);
    road.speed(1, Some(30_000));
    road.run(ms(100));
    assert_eq!(road.counts(), [64, 192]);
    road.speed(0, None);
    road.run(ms(100));
    assert_eq!(road.counts(), [128, 128]);
    assert_eq!(road.bonds[0].status().members[1].weight, 1);
}

#[test]
fn modulo_has_no_rounds() {
    let config = Config {
        mapping: bond::Mapping::Modulo,
        ..fast(2)
    };
    let mut road = Road::settled(&config, &[1, 1]);
    road.link(1, false);
    road.run(ms(1_000));
    road.link(1, true);
    road.run(ms(5_000));
    let status = road.bonds[0].lacp_status().expect("802.3ad");
    assert_eq!(status.ports[0].counters.marker_pdus_tx, 0);
    assert_eq!(road.longest_hold, 0);
}

/// What happens to the members, and how many ms later.
#[derive(Clone, Copy, Debug)]
enum Change {
    Link(usize, bool),
    Weight(usize, u8),
}

fn change() -> impl Strategy<Value = (Change, u64)> {
    let what = prop_oneof![
        (0..3_usize, any::<bool>()).prop_map(|(link, up)| Change::Link(link, up)),
        (0..3_usize, 1..9_u8).prop_map(|(member, weight)| Change::Weight(member, weight)),
    ];
    (what, prop_oneof![1..60_u64, 2_000..2_400_u64])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn whatever_happens_to_members_every_bucket_has_an_owner_and_nothing_is_overtaken(
        delays in proptest::collection::vec(0..15_u64, 3),
        changes in proptest::collection::vec(change(), 1..9),
    ) {
        let mut road = Road::settled(&fast(3), &delays);
        for (change, later) in changes {
            match change {
                Change::Link(link, up) => road.link(link, up),
                Change::Weight(member, weight) => {
                    let mut config = road.bonds[0].config().clone();
                    config.members[member].weight = Some(weight);
                    let now = road.now;
                    road.bonds[0].set_config(now, config);
                }
            }
            road.run(ms(later));
            let table = road.bonds[0].egress();
            for owner in table.buckets {
                prop_assert!(table.usable.is_empty() || table.usable.contains(&owner));
            }
            prop_assert_eq!(road.overtaken, 0);
            prop_assert!(road.longest_hold() <= ms(51));
        }
        (0..3).for_each(|link| road.link(link, true));
        road.run(ms(5_000));
        let status = road.bonds[0].status();
        let total: u32 = status.members.iter().map(|member| member.weight).sum();
        for member in &status.members {
            let part = 256 * member.weight / total;
            prop_assert!(member.buckets.abs_diff(usize::try_from(part).unwrap()) <= 1);
        }
        prop_assert_eq!(status.moved.late, 0);
        prop_assert_eq!(road.overtaken, 0);
    }
}
