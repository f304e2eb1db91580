use wire::{Instant, Mac};

use super::admit;
use crate::DropReason::{self, ForeignMac, InactiveMember, OwnMac};
use crate::egress::{MemberEntry, Table};
use crate::{Bond, Config, Input, Interface, Mode};

const OWN: Mac = Mac([2, 0, 0, 0, 0, 1]);
const OTHER: Mac = Mac([2, 0, 0, 0, 0, 2]);
const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 9]);
const MULTICAST: Mac = Mac([1, 0, 0x5e, 0, 0, 1]);

fn table() -> Table {
    let entry = MemberEntry {
        rx_enabled: true,
        ..MemberEntry::default()
    };
    let members = [
        entry,
        MemberEntry {
            rx_enabled: false,
            ..entry
        },
    ];
    Table {
        bond_mac: OWN,
        members: members.into_iter().collect(),
        ..Table::default()
    }
}

#[test]
fn a_collecting_member_takes_the_bonds_frames_and_group_frames() {
    assert_eq!(admit(&table(), 0, OWN, CLIENT), Ok(()));
    assert_eq!(admit(&table(), 0, Mac::BROADCAST, CLIENT), Ok(()));
    assert_eq!(admit(&table(), 0, MULTICAST, CLIENT), Ok(()));
}

#[test]
fn an_inactive_or_unknown_member_takes_nothing() {
    for (member, destination) in [(1, OWN), (1, Mac::BROADCAST), (2, OWN)] {
        let taken = admit(&table(), member, destination, CLIENT);
        assert_eq!(taken, Err(InactiveMember));
    }
}

#[test]
fn another_stations_frame_is_dropped() {
    assert_eq!(admit(&table(), 0, OTHER, CLIENT), Err(ForeignMac));
}

#[test]
fn the_bonds_own_frame_that_came_back_is_dropped() {
    for destination in [Mac::BROADCAST, MULTICAST, OWN] {
        assert_eq!(admit(&table(), 0, destination, OWN), Err(OwnMac));
    }
    assert_eq!(admit(&table(), 1, Mac::BROADCAST, OWN), Err(InactiveMember));
    assert_eq!(admit(&table(), 0, Mac::BROADCAST, OTHER), Ok(()));
}

/// A bond of three members of which the second has no carrier.
fn bond(mode: Mode, all_members_active: bool) -> Bond {
    let now = Instant::from_nanos(1);
    let config = Config {
        all_members_active,
        mac: Some(OWN),
        ..Config::new("bond0", mode, &["eth1", "eth2", "eth3"])
    };
    let mut bond = Bond::new(config, now);
    for (member, carrier) in [true, false, true].into_iter().enumerate() {
        let interface = Interface {
            ifindex: 3,
            mac: OTHER,
            carrier,
            ..Interface::default()
        };
        bond.handle_input(now, Input::Link { member, interface });
    }
    bond
}

#[test]
fn each_modes_members_receive_as_the_table_of_receive_rules_says() {
    const TAKES: Result<(), DropReason> = Ok(());
    const DOWN: Result<(), DropReason> = Err(InactiveMember);
    // By mode: the members that take a frame for the bond, without and with all_members_active.
    let rules = [
        (Mode::BalanceRr, [TAKES, DOWN, TAKES]),
        (Mode::ActiveBackup, [TAKES, DOWN, DOWN]),
        (Mode::BalanceXor, [TAKES, DOWN, TAKES]),
        (Mode::Broadcast, [TAKES, DOWN, TAKES]),
        (Mode::BalanceTlb, [TAKES, DOWN, DOWN]),
    ];
    for (mode, expected) in rules {
        for all in [false, true] {
            let bond = bond(mode, all);
            let expected = if all { [TAKES; 3] } else { expected };
            for destination in [OWN, Mac::BROADCAST, MULTICAST] {
                let taken = [0, 1, 2].map(|m| admit(bond.egress(), m, destination, CLIENT));
                assert_eq!(taken, expected, "{mode}, all_members_active {all}");
            }
            let foreign = [0, 1, 2].map(|m| admit(bond.egress(), m, OTHER, CLIENT));
            let refused = expected.map(|taken| taken.and(Err(ForeignMac)));
            assert_eq!(foreign, refused, "{mode}, all_members_active {all}");
        }
    }
}

/// balance-alb of three members with MACs of their own, of which the first is active, and the bond's is
/// the first's; these members have carrier.
fn alb(carriers: [bool; 3], all_members_active: bool) -> Bond {
    let now = Instant::from_nanos(1);
    let config = Config {
        all_members_active,
        ..Config::new("bond0", Mode::BalanceAlb, &["eth1", "eth2", "eth3"])
    };
    let mut bond = Bond::new(config, now);
    for (carriers, members) in [([true; 3], 0..3), (carriers, 0..3)] {
        for member in members {
            let interface = Interface {
                ifindex: 3,
                mac: own(member),
                carrier: carriers[member],
                ..Interface::default()
            };
            bond.handle_input(now, Input::Link { member, interface });
        }
    }
    bond
}

fn own(member: usize) -> Mac {
    [OWN, OTHER, Mac([2, 0, 0, 0, 0, 3])][member]
}

fn taken(bond: &Bond, destination: Mac) -> [bool; 3] {
    [0, 1, 2].map(|member| admit(bond.egress(), member, destination, CLIENT).is_ok())
}

#[test]
fn in_balance_alb_each_member_takes_what_is_for_its_own_mac_and_the_active_one_group_frames() {
    let bond = alb([true; 3], false);
    assert_eq!(taken(&bond, own(0)), [true, false, false], "the bond's");
    assert_eq!(taken(&bond, own(1)), [false, true, false]);
    assert_eq!(taken(&bond, own(2)), [false, false, true]);
    for group in [Mac::BROADCAST, MULTICAST] {
        assert_eq!(taken(&bond, group), [true, false, false]);
    }
    assert_eq!(taken(&bond, Mac([2, 0, 0, 0, 0, 7])), [false; 3]);
    let all = alb([true; 3], true);
    assert_eq!(taken(&all, Mac::BROADCAST), [true; 3]);
}

#[test]
fn in_balance_alb_the_active_member_takes_what_is_for_a_member_that_is_down() {
    let bond = alb([true, true, false], false);
    assert_eq!(taken(&bond, own(2)), [true, false, false]);
    assert_eq!(taken(&bond, own(1)), [false, true, false]);
    // The second is active now: it has the bond's MAC, and the first its.
    let bond = alb([false, true, true], false);
    assert_eq!(taken(&bond, own(0)), [false, true, false]);
    assert_eq!(taken(&bond, own(1)), [false, true, false]);
    assert_eq!(taken(&bond, own(2)), [false, false, true]);
}

#[test]
fn what_any_member_sent_and_came_back_is_dropped_where_members_have_macs_of_their_own() {
    let bond = alb([true; 3], false);
    for member in 0..3 {
        let taken = admit(bond.egress(), 0, Mac::BROADCAST, own(member));
        assert_eq!(taken, Err(OwnMac), "{member}");
    }
}
