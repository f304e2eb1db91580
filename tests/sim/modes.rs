//! The worker in each mode of its bond: forwarded frames, replies, the host's own and parked ones.

use bond::{DropReason as BondReason, Mode};
use lvsd::reason::DropReason;
use wire::{Duration, Mac};

use crate::adaptive::question;
use crate::appliance::{Appliance, BOND, CLIENT, CLIENT_IP, REAL, REAL_IP, Sizes, VIP, echo, syn};

const MODES: [Mode; 7] = [
    Mode::BalanceRr,
    Mode::ActiveBackup,
    Mode::BalanceXor,
    Mode::Broadcast,
    Mode::Ieee8023ad,
    Mode::BalanceTlb,
    Mode::BalanceAlb,
];

fn appliance(mode: Mode) -> Appliance {
    sized(mode, Sizes::default())
}

fn sized(mode: Mode, sizes: Sizes) -> Appliance {
    let mut appliance = Appliance::detached(sizes);
    appliance.table.mode = mode;
    if mode == Mode::ActiveBackup {
        appliance.table.usable = [1].into_iter().collect();
        appliance.table.members[0].rx_enabled = false;
    }
    if matches!(mode, Mode::BalanceTlb | Mode::BalanceAlb) {
        appliance.table.active = Some(1);
        appliance.table.members[0].rx_enabled = false;
    }
    appliance.attach();
    appliance
}

/// A frame arrives by the second member, which receives in every mode.
fn receive(appliance: &mut Appliance, frame: &[u8]) {
    appliance.wire.inject(1, frame);
    appliance.worker.turn(appliance.now);
}

/// What left by each member since the last call.
fn sent(appliance: &Appliance) -> [Vec<Vec<u8>>; 2] {
    [0, 1].map(|port| appliance.wire.take(port))
}

fn dropped(appliance: &Appliance, reason: DropReason) -> u64 {
    appliance.shared.workers[0].counters.drops(reason).total()
}

/// A way on which a frame comes to leave: what is done to the appliance, with a number that tells one
/// time from another.
type Way = (&'static str, fn(&mut Appliance, u16));

const WAYS: [Way; 4] = [
    ("forwarded", |appliance, n| {
        receive(appliance, &syn(4_000 + n))
    }),
    ("answered", |appliance, n| {
        receive(appliance, &echo(VIP, 8 + usize::from(n)));
    }),
    ("the host's", |appliance, n| {
        let worker = &appliance.shared.workers[0];
        assert!(
            worker
                .from_host
                .push(0, &[&echo(REAL_IP, 8 + usize::from(n))])
        );
        appliance.worker.turn(appliance.now);
    }),
    ("parked", |appliance, n| {
        appliance.set_hops(&[(CLIENT_IP, CLIENT)]);
        receive(appliance, &syn(4_000 + n));
        appliance.pass(Duration::from_millis(1));
        appliance.set_hops(&[(CLIENT_IP, CLIENT), (REAL_IP, REAL)]);
        appliance.worker.turn(appliance.now);
    }),
];

#[test]
fn on_every_way_broadcast_leaves_by_both_members_and_any_other_mode_by_one() {
    for (what, way) in WAYS {
        for mode in MODES {
            let mut appliance = appliance(mode);
            for n in 0..8 {
                way(&mut appliance, n);
                let [first, second] = sent(&appliance);
                if mode == Mode::Broadcast {
                    assert_eq!((first.len(), second.len()), (1, 1), "{what}, {mode}");
                    assert_eq!(first, second, "{what}");
                } else {
                    assert_eq!(first.len() + second.len(), 1, "{what}, {mode}");
                }
            }
            let lane = appliance.worker.lane();
            assert_eq!(lane.held_frames(), 0, "{what}, {mode}: a frame is lost");
        }
    }
}

#[test]
fn with_broadcast_neighbor_arp_of_an_aggregation_leaves_by_both_members_and_nothing_else_does() {
    for broadcast_neighbor in [true, false] {
        let mut appliance = appliance(Mode::Ieee8023ad);
        appliance.table.broadcast_neighbor = broadcast_neighbor;
        appliance.publish();
        receive(&mut appliance, &question(9));
        let [first, second] = sent(&appliance).map(|frames| frames.len());
        let copies = 1 + usize::from(broadcast_neighbor);
        assert_eq!(first + second, copies);
        assert!(first < 2 && second < 2);
        receive(&mut appliance, &syn(4_000));
        let [first, second] = sent(&appliance).map(|frames| frames.len());
        assert_eq!(first + second, 1);
    }
}

#[test]
fn what_the_host_made_before_a_failover_leaves_with_the_bonds_mac_of_now_and_a_routers_mac_stays() {
    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 2]);
    const ROUTER: Mac = Mac([0, 0, 0x5e, 0, 1, 51]);
    let mut appliance = appliance(Mode::ActiveBackup);
    for (member, mac) in appliance.table.members.iter_mut().zip([OTHER, BOND]) {
        member.mac = mac;
    }
    appliance.publish();
    for (made_with, leaves_with) in [(BOND, BOND), (OTHER, BOND), (ROUTER, ROUTER)] {
        let mut frame = echo(REAL_IP, 8);
        frame[6..12].copy_from_slice(&made_with.0);
        assert!(appliance.shared.workers[0].from_host.push(0, &[&frame]));
        appliance.worker.turn(appliance.now);
        let [_, second] = sent(&appliance);
        assert_eq!(second[0][6..12], leaves_with.0, "{made_with}");
    }
}

#[test]
fn on_every_way_balance_rr_takes_the_members_in_turn() {
    for (what, way) in WAYS {
        let mut appliance = appliance(Mode::BalanceRr);
        appliance.table.packets_per_member = 2;
        appliance.publish();
        let mut by = Vec::new();
        for n in 0..8 {
            way(&mut appliance, n);
            by.push(sent(&appliance)[1].len());
        }
        assert_eq!(by, [0, 0, 1, 1, 0, 0, 1, 1], "{what}");
    }
}

#[test]
fn balance_xor_sends_a_flow_by_one_member_and_flows_by_both() {
    let mut appliance = appliance(Mode::BalanceXor);
    appliance.table.policy = bond::XmitHashPolicy::Layer34;
    appliance.publish();
    let mut by = [0, 0];
    for port in 4_000..4_032 {
        let of = |appliance: &mut Appliance| {
            receive(appliance, &syn(port));
            sent(appliance).map(|frames| frames.len())
        };
        let (one, again) = (of(&mut appliance), of(&mut appliance));
        assert_eq!(one, again, "a flow that moves");
        by = [by[0] + one[0], by[1] + one[1]];
    }
    assert!(by[0] > 8 && by[1] > 8, "{by:?}");
}

#[test]
fn in_every_mode_a_member_without_carrier_is_not_sent_into() {
    for mode in MODES {
        let mut appliance = appliance(mode);
        appliance.shared.bonds[0]
            .masked
            .store(0b01, std::sync::atomic::Ordering::Relaxed);
        for port in 4_000..4_008 {
            receive(&mut appliance, &syn(port));
        }
        assert_eq!(
            sent(&appliance).map(|frames| frames.len()),
            [0, 8],
            "{mode}"
        );
    }
}

#[test]
fn a_copy_that_finds_no_frame_or_a_full_ring_is_counted_and_the_other_leaves() {
    let mut appliance = sized(
        Mode::Broadcast,
        Sizes {
            frames: 1,
            ..Sizes::default()
        },
    );
    receive(&mut appliance, &syn(4_000));
    assert_eq!(sent(&appliance).map(|frames| frames.len()), [1, 0]);
    assert_eq!(dropped(&appliance, DropReason::NoFrame), 1);

    for blocked in [0, 1] {
        let sizes = Sizes {
            ring: 1,
            ..Sizes::default()
        };
        let mut appliance = sized(Mode::Broadcast, sizes);
        appliance.wire.block(blocked, true);
        receive(&mut appliance, &syn(4_000));
        receive(&mut appliance, &syn(4_001));
        assert_eq!(sent(&appliance)[1 - blocked].len(), 2, "the other member");
        assert_eq!(dropped(&appliance, DropReason::TxRingFull), 1);
        let ports = &appliance.shared.workers[0].counters.ports;
        let full = [0, 1].map(|port: usize| ports[port].tx_ring_full.total());
        assert_eq!(full[blocked], 1);
    }
}

#[test]
fn in_broadcast_what_comes_twice_is_delivered_twice() {
    let mut appliance = appliance(Mode::Broadcast);
    appliance.wire.inject(0, &syn(4_000));
    receive(&mut appliance, &syn(4_000));
    assert_eq!(sent(&appliance).map(|frames| frames.len()), [2, 2]);
}

#[test]
fn what_the_bond_sent_and_a_switch_returned_is_dropped_in_every_mode() {
    for mode in MODES {
        let mut appliance = appliance(mode);
        let mut frame = echo(REAL_IP, 8);
        frame[..6].copy_from_slice(&Mac::BROADCAST.0);
        frame[6..12].copy_from_slice(&BOND.0);
        receive(&mut appliance, &frame);
        let counted = |appliance: &Appliance| {
            let counters = &appliance.shared.workers[0].counters;
            counters.bond_drops(BondReason::OwnMac).total()
        };
        assert_eq!(counted(&appliance), 1, "{mode}");
        frame[6..12].copy_from_slice(&CLIENT.0);
        receive(&mut appliance, &frame);
        assert_eq!(counted(&appliance), 1, "{mode}");
    }
}
