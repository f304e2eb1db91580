//! The ARP and NS monitor in mode active-backup.

use bond::config::monitor::Tagged;
use bond::{ArpAllTargets, ArpValidate, Bond, Config, Event, Mode, PrimaryReselect, Why};
use proptest::prelude::*;

use crate::network::{Network, target, watched};
use crate::pair::NOBODY;

fn validating(validate: ArpValidate) -> Config {
    let mut config = watched();
    config.monitor.arp_validate = validate;
    config
}

/// The members asked by in each interval since the last clear.
fn asked(network: &Network) -> Vec<usize> {
    network.asked.iter().map(|(_, member)| *member).collect()
}

#[test]
fn the_active_member_asks_each_target_once_in_each_interval_and_nobody_else_asks() {
    let mut config = watched();
    config.monitor.arp_ip_target = vec![target(1), target(2)];
    config.monitor.ns_ip6_target = vec!["2001:db8::9".parse().expect("an address")];
    let mut network = Network::settled(config);
    network.run(500);
    assert_eq!(asked(&network), [0; 15]);
    assert_eq!(network.usable(), [0]);
}

#[test]
fn a_silent_path_is_left_within_missed_max_intervals_and_a_working_one_is_not() {
    for (validate, missed_max) in [
        (ArpValidate::None, 2),
        (ArpValidate::All, 2),
        (ArpValidate::All, 1),
        (ArpValidate::Filter, 5),
    ] {
        let mut config = validating(validate);
        config.monitor.arp_missed_max = missed_max;
        let mut network = Network::settled(config);
        network.run(10_000);
        assert_eq!(network.usable(), [0]);
        network.silent[0] = true;
        let took = network.until_usable(&[1]);
        // Last heard at most an interval ago; judged at the first interval after n and a half.
        let most = 100 * (u64::from(missed_max) + 1);
        assert!((most - 200..=most).contains(&took), "{validate}: {took} ms");
        assert_eq!(network.why(0), Some(Why::Silent));
        let event = Event::Heard {
            member: 0,
            heard: false,
        };
        assert!(network.events.contains(&event));
    }
}

#[test]
fn a_path_that_works_again_is_a_backup_within_two_intervals() {
    let mut network = Network::settled(validating(ArpValidate::All));
    network.silent[0] = true;
    network.until_usable(&[1]);
    network.run(1_000);
    network.silent[0] = false;
    network.run(201);
    assert_eq!(network.why(0), Some(Why::Backup));
    assert_eq!(network.usable(), [1]);
}

#[test]
fn noise_keeps_a_dead_path_alive_unless_answers_are_asked_for() {
    for (validate, is_left) in [
        (ArpValidate::None, false),
        (ArpValidate::Backup, false),
        (ArpValidate::Active, true),
        (ArpValidate::All, true),
        (ArpValidate::Filter, true),
        (ArpValidate::FilterActive, true),
        (ArpValidate::FilterBackup, true),
    ] {
        let mut network = Network::settled(validating(validate));
        network.noisy = vec![true; 3];
        network.silent[0] = true;
        network.run(2_000);
        assert_eq!(network.usable() != [0], is_left, "{validate}");
    }
}

#[test]
fn a_backup_behind_a_dead_switch_is_found_only_where_backups_are_validated_or_filtered() {
    for (validate, is_found) in [
        (ArpValidate::None, false),
        (ArpValidate::Active, false),
        (ArpValidate::Backup, true),
        (ArpValidate::All, true),
        (ArpValidate::Filter, true),
        (ArpValidate::FilterActive, true),
        (ArpValidate::FilterBackup, true),
    ] {
        let mut network = Network::settled(validating(validate));
        network.noisy = vec![true; 3];
        network.silent[2] = true;
        network.run(2_000);
        let why = if is_found { Why::Silent } else { Why::Backup };
        assert_eq!(network.why(2), Some(why), "{validate}");
        assert_eq!(
            (network.usable(), network.why(1)),
            (vec![0], Some(Why::Backup))
        );
    }
}

#[test]
fn a_backup_has_one_interval_more_than_the_active_member() {
    let mut network = Network::settled(validating(ArpValidate::All));
    network.silent[2] = true;
    let begin = network.elapsed();
    while network.why(2) == Some(Why::Backup) {
        network.run(1);
    }
    let took = network.elapsed() - begin;
    assert!((300..=400).contains(&took), "{took} ms");
}

#[test]
fn with_all_down_each_member_is_asked_by_in_turn_and_the_first_answer_brings_it_up() {
    for validate in [ArpValidate::None, ArpValidate::All] {
        let mut network = Network::settled(validating(validate));
        network.silent = vec![true; 3];
        network.until_usable(&NOBODY);
        network.run(100);
        network.asked.clear();
        network.run(600);
        let turns = asked(&network);
        assert_eq!(turns.len(), 6, "one in each interval");
        for pair in turns.windows(2) {
            assert_eq!(pair[1], (pair[0] + 1) % 3, "{turns:?}");
        }
        network.silent[2] = false;
        let took = network.until_usable(&[2]);
        assert!(took <= 400, "{validate}: {took} ms");
    }
}

#[test]
fn a_target_that_is_down_takes_every_path_with_it_unless_another_answers() {
    let mut config = validating(ArpValidate::All);
    config.monitor.arp_ip_target = vec![target(1), target(2)];
    let mut network = Network::settled(config.clone());
    network.dead = vec![target(1).into()];
    network.run(2_000);
    assert_eq!(network.usable(), [0], "one of two is enough");
    network.dead.push(target(2).into());
    network.until_usable(&NOBODY);
    config.monitor.arp_all_targets = ArpAllTargets::All;
    let mut network = Network::settled(config);
    assert_eq!(network.usable(), [0], "both answer");
    network.dead = vec![target(2).into()];
    let took = network.until_usable(&NOBODY);
    assert!(took <= 1_000, "{took} ms");
    network.dead.clear();
    network.run(1_000);
    assert_eq!(network.usable().len(), 1);
}

#[test]
fn solicitations_watch_a_path_as_arp_does() {
    let mut config = validating(ArpValidate::All);
    config.monitor.arp_ip_target.clear();
    config.monitor.ns_ip6_target = vec!["fe80::9".parse().expect("an address")];
    let mut network = Network::settled(config);
    assert_eq!(network.usable(), [0]);
    network.silent[0] = true;
    let took = network.until_usable(&[1]);
    assert!((100..=300).contains(&took), "{took} ms");
}

#[test]
fn a_bond_without_an_address_asks_from_none_and_is_answered() {
    let mut config = validating(ArpValidate::All);
    config.addresses.clear();
    let mut network = Network::settled(config);
    assert_eq!(network.usable(), [0]);
    network.silent[0] = true;
    network.until_usable(&[1]);
}

#[test]
fn the_primary_takes_over_as_primary_reselect_says_when_it_is_heard_again() {
    for (reselect, after) in [(PrimaryReselect::Always, 1), (PrimaryReselect::Failure, 0)] {
        let mut network = Network::settled(Config {
            primary: Some("eth2".into()),
            primary_reselect: reselect,
            ..validating(ArpValidate::All)
        });
        network.silent[0] = true;
        network.until_usable(&[1]);
        network.silent[0] = false;
        network.run(1_000);
        assert_eq!(network.usable(), [1]);
        network.silent[1] = true;
        network.until_usable(&[0]);
        network.run(1_000);
        network.silent[1] = false;
        network.run(1_000);
        assert_eq!(network.usable(), [after], "{reselect}");
    }
}

#[test]
fn carrier_that_comes_back_has_to_be_heard_before_it_is_used() {
    let mut network = Network::settled(watched());
    network.carrier(0, false);
    assert_eq!(network.usable(), [1], "carrier counts at once");
    assert_eq!(network.why(0), Some(Why::NoCarrier));
    network.silent[0] = true;
    network.carrier(0, true);
    network.run(1_000);
    assert_eq!(network.why(0), Some(Why::Silent));
    network.silent[0] = false;
    network.run(200);
    assert_eq!(network.why(0), Some(Why::Backup));
}

#[test]
fn silence_that_nobody_listened_to_proves_nothing() {
    let mut network = Network::settled(validating(ArpValidate::All));
    network.listens = false;
    network.run(5_000);
    assert_eq!(network.usable(), [0]);
    network.listens = true;
    network.run(5_000);
    assert_eq!(network.usable(), [0], "and each has time to be heard");
    assert_eq!(network.why(1), Some(Why::Backup));
}

#[test]
fn the_verdict_outlives_a_restart_and_is_taken_back_when_the_path_works() {
    let mut network = Network::settled(validating(ArpValidate::All));
    network.silent[0] = true;
    network.until_usable(&[1]);
    let saved = network.bond.save();
    network.bond = Bond::new(validating(ArpValidate::All), network.now);
    assert!(network.bond.restore(&saved, network.now));
    network.run(1_000);
    assert_eq!(
        (network.usable(), network.why(0)),
        (vec![1], Some(Why::Silent))
    );
    network.silent[0] = false;
    network.run(300);
    assert_eq!(network.why(0), Some(Why::Backup));
}

#[test]
fn a_monitor_that_is_switched_off_holds_nobody_and_one_that_is_switched_on_waits() {
    let mut network = Network::settled(validating(ArpValidate::All));
    network.silent = vec![true; 3];
    network.until_usable(&NOBODY);
    let mut without = watched();
    without.monitor = bond::MonitorConfig::default();
    network.bond.set_config(network.now, without);
    assert_eq!(network.usable(), [0]);
    network.bond.set_config(network.now, watched());
    network.run(150);
    assert_eq!(network.usable(), [0], "nobody is condemned unheard");
    network.until_usable(&NOBODY);
}

#[test]
fn the_forwarder_is_told_of_targets_only_where_it_has_to_look_for_them() {
    let mut network = Network::settled(watched());
    assert!(network.bond.egress().targets.is_empty());
    let generation = network.bond.egress().generation;
    network
        .bond
        .set_config(network.now, validating(ArpValidate::Filter));
    assert_eq!(network.bond.egress().targets.len(), 1);
    assert_ne!(network.bond.egress().generation, generation);
}

#[test]
fn in_modes_that_use_each_member_each_is_asked_by_and_used_while_it_is_answered() {
    for mode in [Mode::BalanceRr, Mode::BalanceXor, Mode::Broadcast] {
        let mut config = Config {
            mode,
            ..validating(ArpValidate::All)
        };
        let mut network = Network::settled(config.clone());
        network.run(100);
        assert_eq!(
            (asked(&network), network.usable()),
            (vec![0, 1, 2], vec![0, 1, 2])
        );
        network.silent[1] = true;
        let took = network.until_usable(&[0, 2]);
        assert!((100..=300).contains(&took), "{mode}: {took} ms");
        assert_eq!(network.why(1), Some(Why::Silent));
        network.silent[1] = false;
        network.until_usable(&[0, 1, 2]);
        // Noise proves nothing here either, unless nobody asks for more.
        for (validate, usable) in [
            (ArpValidate::All, vec![0, 2]),
            (ArpValidate::None, vec![0, 1, 2]),
        ] {
            config.monitor.arp_validate = validate;
            let mut network = Network::settled(config.clone());
            (network.noisy[1], network.silent[1]) = (true, true);
            network.run(1_000);
            assert_eq!(network.usable(), usable, "{mode} {validate}");
        }
    }
}

#[test]
fn a_bond_whose_links_were_all_down_recovers_at_once_whatever_its_updelay() {
    for mode in [Mode::ActiveBackup, Mode::BalanceXor] {
        for updelay in [0, 100, 1_000, 10_000] {
            let mut config = watched();
            config.mode = mode;
            config.monitor = bond::MonitorConfig::default();
            (config.miimon, config.updelay) = (100, updelay);
            let mut network = Network::new(config);
            network.run(11_000);
            for member in 0..3 {
                network.carrier(member, false);
            }
            network.run(1_000);
            assert_eq!(network.usable(), NOBODY);
            network.carrier(1, true);
            assert_eq!(network.usable(), [1], "{mode} {updelay}");
            // The next one waits as it should, for the first one works.
            network.carrier(2, true);
            assert_eq!(
                network.why(2).is_some_and(|why| why == Why::LinkDelay),
                updelay > 0
            );
            network.run(u64::from(updelay));
            assert_ne!(network.why(2), Some(Why::LinkDelay));
        }
    }
}

/// Something that may happen to a watched and damped bond.
#[derive(Clone, Debug)]
enum Step {
    Carrier(usize, bool),
    Silent(usize, bool),
    Noisy(usize, bool),
    Listens(bool),
    Run(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0usize..3, any::<bool>()).prop_map(|(i, on)| Step::Carrier(i, on)),
        (0usize..3, any::<bool>()).prop_map(|(i, on)| Step::Silent(i, on)),
        (0usize..3, any::<bool>()).prop_map(|(i, on)| Step::Noisy(i, on)),
        any::<bool>().prop_map(Step::Listens),
        (1u64..400).prop_map(Step::Run),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_makes_a_member_usable_that_has_no_carrier_or_is_held(
        steps in proptest::collection::vec(step(), 0..40),
        validate in proptest::sample::select(ArpValidate::ALL),
        damping in any::<bool>(),
    ) {
        let mut config = validating(validate);
        config.damping.damping = damping;
        let mut network = Network::new(config);
        for step in steps {
            match step {
                Step::Carrier(i, on) => network.carrier(i, on),
                Step::Silent(i, on) => network.silent[i] = on,
                Step::Noisy(i, on) => network.noisy[i] = on,
                Step::Listens(on) => network.listens = on,
                Step::Run(millis) => network.run(millis),
            }
            for member in network.usable() {
                let member = usize::from(member);
                prop_assert!(network.interfaces[member].carrier);
                prop_assert!(network.why(member).is_none());
            }
            prop_assert!(network.usable().len() <= 1);
        }
        // And whatever happened, a network that works is used again.
        for member in 0..3 {
            network.carrier(member, true);
            network.silent[member] = false;
        }
        network.listens = true;
        network.run(25_000);
        prop_assert_eq!(network.usable().len(), 1);
    }
}

#[test]
fn a_held_member_is_not_brought_up_in_haste() {
    let mut config = watched();
    config.monitor = bond::MonitorConfig::default();
    (config.miimon, config.updelay) = (100, 10_000);
    config.damping.damping = true;
    let mut network = Network::new(config);
    for member in [1, 2] {
        network.carrier(member, false);
    }
    for _ in 0..4 {
        network.carrier(0, false);
        network.carrier(0, true);
    }
    assert_eq!(
        (network.usable(), network.why(0)),
        (vec![], Some(Why::Damped))
    );
    network.run(1_000);
    assert_eq!(network.usable(), NOBODY);
    // One that is not held is, though its delay runs.
    network.carrier(1, true);
    assert_eq!(network.usable(), [1]);
}

#[test]
fn a_target_on_a_vlan_is_asked_and_heard_there() {
    let mut config = validating(ArpValidate::All);
    config.addresses.clear();
    config.monitor.ns_ip6_target = vec!["2001:db8::9".parse().expect("an address")];
    config.monitor.arp_all_targets = ArpAllTargets::All;
    let own = ["10.0.0.1/24", "2001:db8::1/64"];
    config.monitor.tagged = own
        .map(|address| Tagged {
            vlan: 100,
            address: address.parse().expect("legal"),
        })
        .into();
    let mut network = Network::settled(config);
    network.run(10_000);
    assert_eq!(network.usable(), [0]);
    network.silent[0] = true;
    network.until_usable(&[1]);
    network.silent[0] = false;
    network.loses_tags = true;
    network.until_usable(&NOBODY);
    network.loses_tags = false;
    network.run(1_000);
    assert_eq!(network.usable().len(), 1);
}
