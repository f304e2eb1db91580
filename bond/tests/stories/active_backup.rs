//! active-backup: one member at a time.

use bond::activate::Refusal;
use bond::{Bond, Config, Duplex, Event, Input, MemberConfig, Mode, PrimaryReselect, Why};
use proptest::prelude::*;

use crate::alone::{Alone, three};
use crate::pair::{NOBODY, ms};

fn config() -> Config {
    three(Mode::ActiveBackup)
}

fn primary(reselect: PrimaryReselect) -> Config {
    Config {
        primary: Some("eth2".into()),
        primary_reselect: reselect,
        ..config()
    }
}

#[test]
fn the_first_member_is_active_and_stays_until_it_fails() {
    let mut bond = Alone::new(config());
    assert_eq!(bond.usable(), [0]);
    bond.down(0);
    assert_eq!(bond.usable(), [1]);
    bond.up(0);
    assert_eq!(bond.usable(), [1], "no primary: no need to move back");
}

#[test]
fn only_the_active_member_receives_and_sends() {
    let mut bond = Alone::new(config());
    let table = bond.bond.egress().clone();
    let flags: Vec<_> = table
        .members
        .iter()
        .map(|m| (m.rx_enabled, m.tx_enabled))
        .collect();
    assert_eq!(flags, [(true, true), (false, false), (false, false)]);
    assert!((0..1024).all(|hash| table.choose(hash, 0) == Some(0)));
    bond.down(0);
    assert!((0..1024).all(|hash| bond.bond.egress().choose(hash, 0) == Some(1)));
    assert_eq!(bond.bond.status().members[2].why, Some(Why::Backup));
    assert_eq!(bond.bond.status().active.as_deref(), Some("eth2"));
}

#[test]
fn the_primary_comes_back_as_primary_reselect_says() {
    for (reselect, after) in [
        (PrimaryReselect::Always, 1),
        (PrimaryReselect::Better, 0),
        (PrimaryReselect::Failure, 0),
    ] {
        let mut bond = Alone::new(primary(reselect));
        bond.down(1);
        assert_eq!(bond.usable(), [0], "{reselect}");
        bond.up(1);
        assert_eq!(bond.usable(), [after], "{reselect}");
        bond.down(0);
        assert_eq!(
            bond.usable(),
            [1],
            "{reselect}: the primary before any other"
        );
    }
}

#[test]
fn a_better_primary_takes_over_by_speed_and_then_duplex() {
    let mut bond = Alone::new(primary(PrimaryReselect::Better));
    bond.down(1);
    bond.set(1, |interface| interface.speed = Some(25_000));
    assert_eq!(bond.usable(), [1]);
    let mut bond = Alone::new(primary(PrimaryReselect::Better));
    bond.down(1);
    bond.set(0, |interface| interface.duplex = Some(Duplex::Half));
    bond.up(1);
    assert_eq!(bond.usable(), [1]);
}

#[test]
fn the_highest_prio_is_preferred_but_not_to_the_primary() {
    let mut with_prio = config();
    with_prio.members[2] = MemberConfig {
        prio: 10,
        ..MemberConfig::new("eth3")
    };
    let mut bond = Alone::new(with_prio.clone());
    assert_eq!(bond.usable(), [2]);
    bond.down(2);
    assert_eq!(bond.usable(), [0]);
    bond.up(2);
    assert_eq!(bond.usable(), [2]);
    let bond = Alone::new(Config {
        primary: Some("eth2".into()),
        ..with_prio
    });
    assert_eq!(bond.usable(), [1]);
}

#[test]
fn updelay_is_skipped_when_nothing_else_is_usable() {
    let delayed = Config {
        miimon: 100,
        updelay: 10_000,
        ..primary(PrimaryReselect::Always)
    };
    let mut bond = Alone::new(delayed);
    bond.wait(ms(20_000));
    assert_eq!(bond.usable(), [1]);
    bond.down(1);
    assert_eq!(bond.usable(), [0]);
    bond.up(1);
    bond.wait(ms(9_990));
    assert_eq!(bond.usable(), [0], "the primary has to wait");
    bond.wait(ms(10));
    assert_eq!(bond.usable(), [1]);
    for member in [0, 1, 2] {
        bond.down(member);
    }
    assert_eq!(bond.usable(), NOBODY);
    bond.up(2);
    assert_eq!(bond.usable(), [2], "at once");
}

#[test]
fn the_active_member_outlives_a_restart() {
    let mut bond = Alone::new(primary(PrimaryReselect::Failure));
    bond.down(1);
    bond.up(1);
    let saved = bond.bond.save();
    let mut next = Bond::new(primary(PrimaryReselect::Failure), bond.now);
    assert!(next.restore(&saved, bond.now));
    assert_eq!(next.egress().usable.to_vec(), [0]);
}

#[test]
fn an_operator_chooses_the_active_member_among_those_with_a_link() {
    for mode in [Mode::ActiveBackup, Mode::BalanceTlb, Mode::BalanceAlb] {
        let mut bond = Alone::new(three(mode));
        bond.events();
        let now = bond.now;
        assert_eq!(bond.bond.activate("eth3", now), Ok(()), "{mode}");
        assert_eq!(bond.bond.status().active.as_deref(), Some("eth3"));
        let active = Event::Active { member: Some(2) };
        assert!(bond.events().contains(&active), "{mode}");
        assert_eq!(bond.bond.activate("eth3", now), Ok(()));
        assert_eq!(bond.events(), [], "{mode}: it is that already");
        bond.down(0);
        bond.up(0);
        assert_eq!(bond.bond.status().active.as_deref(), Some("eth3"));
        bond.down(1);
        for (member, refusal) in [("eth2", Refusal::Down), ("eth9", Refusal::Unknown)] {
            assert_eq!(bond.bond.activate(member, now), Err(refusal), "{mode}");
        }
        bond.down(2);
        assert_eq!(bond.bond.status().active.as_deref(), Some("eth1"));
    }
    for mode in [Mode::BalanceXor, Mode::Ieee8023ad, Mode::Broadcast] {
        let mut bond = Alone::new(three(mode));
        let refused = bond.bond.activate("eth1", bond.now);
        assert_eq!(refused, Err(Refusal::Mode(mode)));
    }
}

#[test]
fn nobody_is_made_active_whom_the_primary_or_a_higher_prio_would_follow_at_once() {
    let outranked = Err(Refusal::Outranked("eth2".into()));
    let mut bond = Alone::new(primary(PrimaryReselect::Always));
    assert_eq!(bond.bond.activate("eth3", bond.now), outranked);
    assert_eq!(bond.usable(), [1]);
    let mut with_prio = config();
    with_prio.members[1].prio = 10;
    let mut bond = Alone::new(with_prio);
    assert_eq!(bond.bond.activate("eth3", bond.now), outranked);
    let mut bond = Alone::new(primary(PrimaryReselect::Failure));
    assert_eq!(bond.bond.activate("eth3", bond.now), Ok(()));
    assert_eq!(bond.usable(), [2]);
}

#[test]
fn lacp_frames_are_nothing_to_active_backup() {
    let mut bond = Alone::new(config());
    bond.bond.handle_input(
        bond.now,
        Input::Frame {
            member: 0,
            bytes: &[0; 124],
        },
    );
    assert!(bond.bond.poll_transmit().is_none());
    assert!(bond.bond.lacp_status().is_none());
    let active = |event| matches!(event, Event::Active { .. });
    assert!(std::iter::from_fn(|| bond.bond.poll_event()).any(active));
}

proptest! {
    #[test]
    fn exactly_one_member_is_active_while_any_has_carrier(
        links in proptest::collection::vec((0u8..3, any::<bool>()), 0..40),
    ) {
        let mut bond = Alone::new(primary(PrimaryReselect::Always));
        let mut carrier = [true; 3];
        for (member, up) in links {
            carrier[usize::from(member)] = up;
            if up { bond.up(member) } else { bond.down(member) }
            let usable = bond.usable();
            prop_assert_eq!(usable.len(), usize::from(carrier.contains(&true)));
            prop_assert!(usable.iter().all(|&member| carrier[usize::from(member)]));
        }
    }

    #[test]
    fn no_frame_makes_an_engine_panic(
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..140), 0..20),
        is_slow in any::<bool>(),
    ) {
        let config = Config { mode: Mode::Ieee8023ad, ..config() };
        let mut bond = Alone::new(config);
        for mut frame in frames {
            if is_slow && frame.len() > 16 {
                frame[..6].copy_from_slice(&[1, 0x80, 0xc2, 0, 0, 2]);
                frame[12..14].copy_from_slice(&[0x88, 0x09]);
                frame[14] %= 3;
            }
            bond.bond.handle_input(bond.now, Input::Frame { member: 0, bytes: &frame });
            bond.wait(ms(500));
        }
    }
}
