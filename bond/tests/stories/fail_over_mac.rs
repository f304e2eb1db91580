//! active-backup: whose MAC the bond has after a failover.

use std::collections::BTreeSet;

use bond::{Bond, Config, FailOverMac, Input, Mode, PrimaryReselect};
use wire::Mac;

use crate::alone::{Alone, three};
use crate::network::{Network, watched};
use crate::pair::{interface, ms};

fn config(fail_over_mac: FailOverMac) -> Config {
    Config {
        fail_over_mac,
        ..three(Mode::ActiveBackup)
    }
}

fn mac(member: u8) -> Mac {
    interface(0, member).mac
}

fn of(alone: &Alone) -> Mac {
    alone.bond.egress().bond_mac
}

#[test]
fn the_bonds_mac_stays_through_failovers_unless_it_is_the_active_members() {
    for (fail_over_mac, after) in [
        (FailOverMac::None, [0, 0, 0]),
        (FailOverMac::Follow, [0, 0, 0]),
        (FailOverMac::Active, [0, 1, 2]),
    ] {
        let mut alone = Alone::new(config(fail_over_mac));
        let mut seen = vec![of(&alone)];
        for member in 0..2 {
            alone.down(member);
            seen.push(of(&alone));
        }
        assert_eq!(seen, after.map(mac), "{fail_over_mac}");
        alone.down(2);
        assert_eq!(
            of(&alone),
            mac(after[2]),
            "{fail_over_mac}: nobody is active"
        );
    }
}

#[test]
fn the_active_members_nic_is_replaced_and_the_bond_has_the_new_ones_mac() {
    for (fail_over_mac, has) in [(FailOverMac::Active, 7), (FailOverMac::None, 0)] {
        let mut alone = Alone::new(config(fail_over_mac));
        alone.set(0, |interface| {
            (interface.ifindex, interface.mac) = (99, mac(7))
        });
        assert_eq!(of(&alone), mac(has), "{fail_over_mac}");
    }
}

#[test]
fn a_mac_that_changes_is_news_for_the_forwarder() {
    let mut alone = Alone::new(config(FailOverMac::Active));
    let before = alone.bond.egress().generation;
    alone.set(0, |interface| interface.mac = mac(7));
    assert!(alone.bond.egress().generation > before);
}

#[test]
fn a_configured_mac_goes_with_the_active_member_and_is_a_fault_where_it_could_not_stay() {
    let configured = |fail_over_mac| Config {
        mac: Some(mac(9)),
        ..config(fail_over_mac)
    };
    let mut alone = Alone::new(configured(FailOverMac::Follow));
    alone.down(0);
    assert_eq!(of(&alone), mac(9));
    for (fail_over_mac, faults) in [
        (FailOverMac::None, 0),
        (FailOverMac::Follow, 0),
        (FailOverMac::Active, 1),
    ] {
        let found = configured(fail_over_mac).faults();
        assert_eq!(found.len(), faults, "{fail_over_mac}: {found:?}");
    }
}

#[test]
fn the_active_members_mac_outlives_a_restart() {
    let config = Config {
        primary: Some("eth1".into()),
        primary_reselect: PrimaryReselect::Failure,
        ..config(FailOverMac::Active)
    };
    let mut alone = Alone::new(config.clone());
    alone.down(0);
    alone.up(0);
    let mut next = Bond::new(config, alone.now);
    assert!(next.restore(&alone.bond.save(), alone.now));
    assert_eq!(next.egress().bond_mac, mac(1));
}

/// With which MACs each member asked.
fn asked_with(fail_over_mac: FailOverMac) -> BTreeSet<(usize, Mac)> {
    let config = Config {
        fail_over_mac,
        ..watched()
    };
    let mut bond = Alone::new(config);
    let mut asked = BTreeSet::new();
    // Nobody answers: the members take turns.
    for _ in 0..100 {
        bond.input(Input::Listening);
        bond.wait(ms(100));
        while let Some(sent) = bond.bond.poll_transmit() {
            let source = sent.frame[6..].first_chunk().expect("a MAC");
            asked.insert((sent.member, Mac(*source)));
        }
    }
    asked
}

#[test]
fn a_member_that_is_not_active_asks_with_its_own_mac_where_the_bonds_goes_with_the_active_one() {
    let one = |m: usize| (m, mac(0));
    let own = |m: usize| (m, mac(u8::try_from(m).expect("few")));
    assert_eq!(asked_with(FailOverMac::None), [0, 1, 2].map(one).into());
    assert_eq!(asked_with(FailOverMac::Follow), [0, 1, 2].map(own).into());
    assert_eq!(asked_with(FailOverMac::Active), [0, 1, 2].map(own).into());
}

#[test]
fn the_monitor_finds_its_way_back_whosever_mac_the_bond_has() {
    for fail_over_mac in FailOverMac::ALL {
        let mut config = watched();
        config.fail_over_mac = *fail_over_mac;
        let mut network = Network::settled(config);
        network.silent[0] = true;
        network.until_usable(&[1]);
        network.silent = vec![true; 3];
        network.until_usable(&[]);
        network.silent[2] = false;
        network.until_usable(&[2]);
    }
}
