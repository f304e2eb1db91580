//! balance-rr, balance-xor, broadcast: every member with a link, and nothing negotiated.

use bond::{Bond, Config, Event, Input, Interface, Mode, Why};
use wire::Instant;

use crate::pair::{interface, ms};

const MODES: [Mode; 3] = [Mode::BalanceRr, Mode::BalanceXor, Mode::Broadcast];

fn start(config: Config) -> (Instant, Bond) {
    let now = Instant::from_nanos(1_000_000_000);
    let mut bond = Bond::new(config, now);
    for member in 0..3 {
        link(&mut bond, now, member, true);
    }
    (now, bond)
}

fn config(mode: Mode) -> Config {
    Config::new("bond0", mode, &["eth1", "eth2", "eth3"])
}

fn link(bond: &mut Bond, now: Instant, member: u8, carrier: bool) {
    let interface = Interface {
        carrier,
        ..interface(0, member)
    };
    let member = usize::from(member);
    bond.handle_input(now, Input::Link { member, interface });
}

fn usable(bond: &Bond) -> Vec<u8> {
    bond.egress().usable.to_vec()
}

fn events(bond: &mut Bond) -> Vec<Event> {
    std::iter::from_fn(|| bond.poll_event()).collect()
}

#[test]
fn every_member_with_a_link_is_used_and_says_nothing_on_the_wire() {
    for mode in MODES {
        let (now, mut bond) = start(config(mode));
        assert_eq!(usable(&bond), [0, 1, 2], "{mode}");
        link(&mut bond, now, 1, false);
        assert_eq!(usable(&bond), [0, 2], "{mode}");
        assert_eq!(bond.status().members[1].why, Some(Why::NoCarrier));
        assert_eq!(bond.status().members[2].why, None);
        link(&mut bond, now, 1, true);
        assert_eq!(usable(&bond), [0, 1, 2], "{mode}");
        assert!(bond.poll_transmit().is_none() && bond.poll_timeout().is_none());
        assert_eq!((bond.status().active, bond.lacp_status()), (None, None));
    }
}

#[test]
fn the_bond_has_carrier_as_long_as_one_member_has() {
    for mode in MODES {
        let (now, mut bond) = start(config(mode));
        for member in 0..3 {
            assert!(bond.status().carrier, "{mode}");
            events(&mut bond);
            link(&mut bond, now, member, false);
        }
        assert!(!bond.status().carrier, "{mode}");
        assert!(events(&mut bond).contains(&Event::BondCarrier { carrier: false }));
        link(&mut bond, now, 2, true);
        assert!(bond.status().carrier && usable(&bond) == [2], "{mode}");
        assert!(events(&mut bond).contains(&Event::BondCarrier { carrier: true }));
    }
}

#[test]
fn min_links_means_nothing_without_lacp() {
    for mode in MODES {
        let config = Config {
            min_links: 3,
            ..config(mode)
        };
        let (now, mut bond) = start(config);
        link(&mut bond, now, 0, false);
        assert_eq!(usable(&bond), [1, 2], "{mode}");
    }
}

#[test]
fn updelay_and_downdelay_hold_in_every_mode() {
    for mode in MODES {
        let config = Config {
            miimon: 10,
            updelay: 50,
            downdelay: 30,
            ..config(mode)
        };
        let (mut now, mut bond) = start(config);
        now += ms(50);
        bond.handle_timeout(now);
        link(&mut bond, now, 0, false);
        assert_eq!(usable(&bond), [0, 1, 2], "{mode}");
        now += ms(30);
        bond.handle_timeout(now);
        assert_eq!(usable(&bond), [1, 2], "{mode}");
        link(&mut bond, now, 0, true);
        bond.handle_timeout(now + ms(49));
        assert_eq!(usable(&bond), [1, 2], "{mode}");
        bond.handle_timeout(now + ms(50));
        assert_eq!(usable(&bond), [0, 1, 2], "{mode}");
    }
}

#[test]
fn the_next_daemon_goes_on_with_the_table_of_the_last_one() {
    for mode in MODES {
        let (now, mut bond) = start(config(mode));
        link(&mut bond, now, 2, false);
        let mut next = Bond::new(config(mode), now);
        assert!(next.restore(&bond.save(), now), "{mode}");
        let before = bond.egress();
        let after = next.egress();
        assert!(after.generation > before.generation, "{mode}");
        assert_eq!(
            (&after.usable, after.buckets),
            (&before.usable, before.buckets)
        );
        let other = MODES.into_iter().find(|other| *other != mode);
        let mut other = Bond::new(config(other.expect("another mode")), now);
        assert!(!other.restore(&bond.save(), now), "another mode's state");
    }
}

#[test]
fn options_that_change_reach_the_forwarder_and_a_mode_that_changes_misses_no_link() {
    let (now, mut bond) = start(config(Mode::BalanceRr));
    let before = bond.egress().clone();
    assert_eq!(before.packets_per_member, 1);
    bond.set_config(
        now,
        Config {
            packets_per_member: 0,
            ..config(Mode::BalanceRr)
        },
    );
    assert_eq!(bond.egress().packets_per_member, 0);
    assert!(bond.egress().generation > before.generation);
    for mode in [
        Mode::Broadcast,
        Mode::BalanceXor,
        Mode::ActiveBackup,
        Mode::BalanceRr,
    ] {
        let before = bond.egress().generation;
        bond.set_config(now, config(mode));
        assert_eq!(bond.egress().mode, mode);
        assert!(bond.egress().generation > before && bond.status().carrier);
    }
    assert_eq!(usable(&bond), [0, 1, 2]);
}
