//! Reals that fail their checks take no new connection, and keep those that they have.

use super::support::{Appliance, addr, service, tcp};
use crate::{Method, SchedulerKind, ServiceConfig};

const VIP: &str = "10.1.0.100:80";
const FIRST: &str = "10.2.0.11:80";
const SECOND: &str = "10.2.0.12:80";
const CLIENT: &str = "198.51.100.7:40000";
const OTHER: &str = "198.51.100.7:40001";

fn appliance(scheduler: SchedulerKind) -> Appliance {
    let reals = [(FIRST, 1), (SECOND, 1)];
    let service = ServiceConfig {
        scheduler,
        ..service(Method::Nat, VIP, &reals)
    };
    Appliance::new([service].into())
}

fn say(appliance: &mut Appliance, real: &str, up: bool) -> bool {
    appliance.director.set_verdicts([(VIP, addr(real), up)])
}

#[test]
fn a_real_that_is_down_gets_no_new_connection_until_it_is_up() {
    for scheduler in [SchedulerKind::Rr, SchedulerKind::Maglev] {
        let mut appliance = appliance(scheduler);
        assert!(say(&mut appliance, FIRST, false));
        for port in 0..20 {
            let client = std::format!("198.51.100.7:{}", 41_000 + port);
            let (next_hop, _) = appliance.send(tcp(&client, VIP, "S")).forwarded();
            assert_eq!(next_hop, addr(SECOND).ip());
        }
        assert!(say(&mut appliance, FIRST, true));
        let mut used = std::collections::BTreeSet::new();
        for port in 0..20 {
            let client = std::format!("198.51.100.8:{}", 41_000 + port);
            used.insert(appliance.send(tcp(&client, VIP, "S")).forwarded().0);
        }
        assert_eq!(used.len(), 2);
    }
}

#[test]
fn a_connection_goes_on_with_a_real_that_is_down() {
    let mut appliance = appliance(SchedulerKind::Rr);
    let (real, _) = appliance.send(tcp(CLIENT, VIP, "S")).forwarded();
    for one in [FIRST, SECOND] {
        say(&mut appliance, one, false);
    }
    assert_eq!(appliance.send(tcp(CLIENT, VIP, "A")).forwarded().0, real);
    let refused = appliance.send(tcp(OTHER, VIP, "S")).replied();
    assert!(refused.icmp4.is_some(), "no usable real");
}

#[test]
fn what_is_said_twice_or_of_nobody_changes_nothing() {
    let mut appliance = appliance(SchedulerKind::Rr);
    assert!(!say(&mut appliance, FIRST, true));
    assert!(say(&mut appliance, FIRST, false));
    assert!(!say(&mut appliance, FIRST, false));
    assert!(!say(&mut appliance, "10.9.9.9:80", false));
    assert!(
        !appliance
            .director
            .set_verdicts([("nobody", addr(SECOND), false)])
    );
    assert_eq!(appliance.director.down().count(), 1);
}

#[test]
fn a_verdict_outlives_another_configuration_as_long_as_the_real_does() {
    let mut appliance = appliance(SchedulerKind::Rr);
    say(&mut appliance, FIRST, false);
    let both = service(Method::Nat, VIP, &[(FIRST, 7), (SECOND, 1)]);
    appliance.configure([both].into());
    assert!(!appliance.status().reals[0].up);
    assert_eq!(
        appliance.status().reals[0].weight,
        7,
        "the configured weight stays to be seen"
    );
    appliance.configure([service(Method::Nat, VIP, &[(SECOND, 1)])].into());
    appliance.configure([service(Method::Nat, VIP, &[(FIRST, 1)])].into());
    assert!(appliance.status().reals[0].up, "another real of that name");
}
