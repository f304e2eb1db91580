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
