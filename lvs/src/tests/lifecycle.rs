//! Connections through their lives: states, timeouts, reals that come and go, processes that die.

use super::support::{Appliance, Out, addr, memory, service, tcp};
use crate::connection::Table;
use crate::{DropReason, Method, SchedulerKind};

const VIP: &str = "10.1.0.100:80";
const A: &str = "10.2.0.11:80";
const B: &str = "10.2.0.12:80";
const C: &str = "10.2.0.13:80";
const CLIENT: &str = "198.51.100.7:40000";

fn nat(reals: &[(&str, u32)]) -> Appliance {
    Appliance::new([service(Method::Nat, VIP, reals)].into())
}

/// The real that a new connection from this port gets.
fn chosen(appliance: &mut Appliance, port: u16) -> std::net::SocketAddr {
    let client = std::format!("198.51.100.9:{port}");
    appliance
        .send(tcp(&client, VIP, "S"))
        .forwarded()
        .1
        .endpoints()
        .1
}

fn established() -> Appliance {
    let mut appliance = nat(&[(A, 1)]);
    appliance.send(tcp(CLIENT, VIP, "S")).forwarded();
    appliance.send(tcp(A, CLIENT, "SA")).forwarded();
    appliance.send(tcp(CLIENT, VIP, "A")).forwarded();
    appliance
}

#[test]
fn a_nat_connection_walks_as_linux_has_it() {
    let mut appliance = nat(&[(A, 1)]);
    let mut walk = |from, to, flags, state, expires| {
        appliance.send(tcp(from, to, flags)).forwarded();
        assert_eq!(
            appliance.connection(),
            (state, expires, addr(A)),
            "after {flags}"
        );
    };
    walk(CLIENT, VIP, "S", "SYN_RECV", 60);
    walk(A, CLIENT, "SA", "SYN_RECV", 60);
    walk(CLIENT, VIP, "A", "ESTABLISHED", 900);
    walk(CLIENT, VIP, "FA", "CLOSE_WAIT", 60);
    walk(A, CLIENT, "FA", "TIME_WAIT", 120);
    walk(CLIENT, VIP, "A", "TIME_WAIT", 120);
    walk(CLIENT, VIP, "S", "SYN_RECV", 60);
    walk(CLIENT, VIP, "R", "SYN_RECV", 60);
    walk(A, CLIENT, "R", "CLOSE", 10);
}

#[test]
fn loads_follow_states() {
    let mut appliance = established();
    let load = |appliance: &Appliance| {
        let real = appliance.status().reals.remove(0);
        (real.active, real.inactive)
    };
    assert_eq!(load(&appliance), (1, 0));
    appliance.send(tcp(CLIENT, VIP, "FA"));
    assert_eq!(load(&appliance), (0, 1));
    appliance.pass(61);
    appliance.table.sweep(appliance.now, usize::MAX / 2);
    assert_eq!(load(&appliance), (0, 0));
    assert_eq!(appliance.table.counters().expired, 1);
}

#[test]
fn a_silent_connection_is_forgotten_when_its_time_is_over_and_not_before() {
    let mut appliance = established();
    appliance.pass(899);
    appliance.send(tcp(CLIENT, VIP, "A")).forwarded();
    appliance.pass(899);
    appliance.send(tcp(A, CLIENT, "A")).forwarded();
    appliance.pass(901);
    assert_eq!(appliance.table.connections(appliance.now).count(), 0);
    assert_eq!(appliance.send(tcp(CLIENT, VIP, "A")).replied().flags(), "R");
}

#[test]
fn timeouts_are_the_operators() {
    let mut appliance = established();
    let mut config = appliance.director.config().clone();
    config.timeouts.established = crate::Seconds(30);
    appliance
        .director
        .set_config(config, &appliance.table)
        .unwrap();
    assert_eq!(appliance.connection().1, 30);
    appliance.pass(31);
    assert_eq!(appliance.table.connections(appliance.now).count(), 0);
}

#[test]
fn reals_take_turns_in_linuxs_order() {
    let mut appliance = nat(&[(A, 1), (B, 1), (C, 1)]);
    let turns: std::vec::Vec<_> = (1..=6).map(|port| chosen(&mut appliance, port)).collect();
    assert_eq!(turns, [C, B, A, C, B, A].map(addr));
}

#[test]
fn a_real_of_weight_0_keeps_its_connections_and_gets_no_new_one() {
    let mut appliance = established();
    appliance.configure([service(Method::Nat, VIP, &[(A, 0), (B, 1)])].into());
    assert_eq!(
        appliance.send(tcp(CLIENT, VIP, "A")).forwarded().0,
        addr(A).ip()
    );
    assert_eq!(chosen(&mut appliance, 1), addr(B));
    assert_eq!(chosen(&mut appliance, 2), addr(B));
}

#[test]
fn turns_go_on_when_weights_change() {
    let mut appliance = nat(&[(A, 1), (B, 1), (C, 1)]);
    assert_eq!(chosen(&mut appliance, 1), addr(C));
    appliance.configure([service(Method::Nat, VIP, &[(A, 1), (B, 0), (C, 1)])].into());
    assert_eq!(chosen(&mut appliance, 2), addr(A));
    appliance.configure([service(Method::Nat, VIP, &[(A, 1), (B, 2), (C, 1)])].into());
    assert_eq!(chosen(&mut appliance, 3), addr(C));
    assert_eq!(chosen(&mut appliance, 4), addr(B));
}

#[test]
fn maglev_sends_the_same_client_to_the_same_real_on_every_box() {
    let reals = [(A, 5), (B, 3), (C, 1)];
    let mut one = service(Method::Nat, VIP, &reals);
    one.scheduler = SchedulerKind::Maglev;
    let mut other = service(Method::Nat, VIP, &[reals[2], reals[0], reals[1]]);
    other.scheduler = SchedulerKind::Maglev;
    let (mut one, mut other) = (Appliance::new([one].into()), Appliance::new([other].into()));
    for port in 1..500 {
        assert_eq!(chosen(&mut one, port), chosen(&mut other, port));
    }
}

#[test]
fn the_connections_of_a_removed_real_are_reset_and_new_ones_scheduled() {
    let mut appliance = established();
    appliance.configure([service(Method::Nat, VIP, &[(B, 1)])].into());
    let reset = appliance.send(tcp(CLIENT, VIP, "A")).replied();
    assert_eq!(reset.flags(), "R");
    assert_eq!(reset.endpoints(), (addr(VIP), addr(CLIENT)));
    assert_eq!(
        appliance.send(tcp(CLIENT, VIP, "S")).forwarded().0,
        addr(B).ip()
    );
}

#[test]
fn a_removed_real_that_comes_back_has_its_connections_again() {
    let mut appliance = established();
    appliance.configure([service(Method::Nat, VIP, &[(B, 1)])].into());
    appliance.configure([service(Method::Nat, VIP, &[(A, 1)])].into());
    assert_eq!(
        appliance.send(tcp(CLIENT, VIP, "A")).forwarded().0,
        addr(A).ip()
    );
}

#[test]
fn a_commit_leaves_the_connections_that_it_does_not_name_alone() {
    let mut appliance = established();
    let other = service(Method::Dr, "10.1.0.101:443", &[("10.1.0.9:443", 1)]);
    appliance.configure([other, service(Method::Nat, VIP, &[(C, 1), (B, 1), (A, 9)])].into());
    assert_eq!(
        appliance.send(tcp(CLIENT, VIP, "A")).forwarded().0,
        addr(A).ip()
    );
    assert_eq!(
        appliance
            .send(tcp(A, CLIENT, "A"))
            .forwarded()
            .1
            .endpoints()
            .0,
        addr(VIP)
    );
}

#[test]
fn a_faulty_configuration_changes_nothing() {
    let mut appliance = established();
    let faulty = service(Method::Nat, VIP, &[("[2001:db8::1]:80", 1), (B, 65_536)]);
    let faults = appliance
        .director
        .set_config(super::support::config([faulty].into()), &appliance.table);
    assert_eq!(faults.unwrap_err().len(), 2);
    assert_eq!(
        appliance.send(tcp(CLIENT, VIP, "A")).forwarded().0,
        addr(A).ip()
    );
}

#[test]
fn a_new_process_adopts_the_connections() {
    let words = memory(super::support::WORDS);
    let services = || [service(Method::Nat, VIP, &[(A, 1), (B, 1)])].into();
    let mut first = Appliance::over(Table::format(words, [3, 4]).unwrap(), services());
    first.send(tcp(CLIENT, VIP, "S")).forwarded();
    first.send(tcp(CLIENT, VIP, "A")).forwarded();
    let (state, expires, real) = first.connection();
    let now = first.now;
    drop(first);

    let (table, adopted) = Table::adopt(words, now).unwrap();
    assert_eq!((adopted.kept, adopted.dropped), (1, 0));
    let mut second = Appliance::over(table, services());
    assert_eq!(second.connection(), (state, expires, real));
    assert_eq!(
        second
            .status()
            .reals
            .iter()
            .map(|real| real.active)
            .sum::<u32>(),
        1
    );
    assert_eq!(second.send(tcp(CLIENT, VIP, "A")).forwarded().0, real.ip());
    let client = std::format!("{real}");
    assert_eq!(
        second
            .send(tcp(&client, CLIENT, "A"))
            .forwarded()
            .1
            .endpoints()
            .0,
        addr(VIP)
    );
}

#[test]
fn a_new_process_with_other_reals_gives_no_connection_to_the_wrong_one() {
    let words = memory(super::support::WORDS);
    let old = [service(Method::Nat, VIP, &[(A, 1)])].into();
    let mut first = Appliance::over(Table::format(words, [3, 4]).unwrap(), old);
    first.send(tcp(CLIENT, VIP, "S")).forwarded();
    first.send(tcp(CLIENT, VIP, "A")).forwarded();
    let (table, _) = Table::adopt(words, first.now).unwrap();
    let mut second = Appliance::over(table, [service(Method::Nat, VIP, &[(C, 1)])].into());
    assert_eq!(second.send(tcp(CLIENT, VIP, "A")).replied().flags(), "R");
}

#[test]
fn counters_of_a_new_real_begin_at_zero() {
    let mut appliance = established();
    appliance.send(tcp(CLIENT, VIP, "R"));
    appliance.pass(11);
    appliance.table.sweep(appliance.now, usize::MAX / 2);
    appliance.configure([service(Method::Nat, VIP, &[(B, 1)])].into());
    assert_eq!(appliance.status().totals, crate::Totals::default());
}

#[test]
fn one_client_port_to_two_services_of_one_real_is_refused_while_it_lives() {
    let other = "10.1.0.101:80";
    let mut appliance = Appliance::new(
        [
            service(Method::Nat, VIP, &[(A, 1)]),
            service(Method::Nat, other, &[(A, 1)]),
        ]
        .into(),
    );
    appliance.send(tcp(CLIENT, VIP, "S")).forwarded();
    appliance.send(tcp(CLIENT, VIP, "A")).forwarded();
    assert_eq!(
        appliance.send(tcp(CLIENT, other, "S")),
        Out::Drop(DropReason::NatConflict)
    );
    appliance.send(tcp(CLIENT, VIP, "FA")).forwarded();
    appliance.send(tcp(CLIENT, other, "S")).forwarded();
    assert_eq!(
        appliance
            .send(tcp(A, CLIENT, "SA"))
            .forwarded()
            .1
            .endpoints()
            .0,
        addr(other)
    );
}
