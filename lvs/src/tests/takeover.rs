//! Connections that another box began are gone on with where Maglev hashing says whose they are.

use std::vec::Vec;

use wire::Mac;

use super::routers::router;
use super::support::{Appliance, Out, addr, service, tcp};
use crate::{Method, SchedulerKind, ServiceConfig};

const VIP: &str = "10.1.0.100:80";
const REALS: [(&str, u32); 3] = [
    ("10.2.0.11:80", 1),
    ("10.2.0.12:80", 1),
    ("10.2.0.13:80", 1),
];
const CLIENT: &str = "198.51.100.7:40000";
const VMAC: Mac = Mac([0, 0, 0x5e, 0, 1, 0x77]);

fn maglev(method: Method) -> ServiceConfig {
    ServiceConfig {
        scheduler: SchedulerKind::Maglev,
        ..service(method, VIP, &REALS)
    }
}

/// A box that became Active this moment.
fn successor(service: ServiceConfig) -> Appliance {
    let mut appliance = Appliance::new([service].into());
    appliance.put_in_router(router(&["10.1.0.100"]));
    appliance.be_active(100);
    appliance
}

/// The real that the box before chose.
fn chosen() -> std::net::SocketAddr {
    let mut before = successor(maglev(Method::Nat));
    before.send(tcp(CLIENT, VIP, "S")).forwarded();
    before.connection().2
}

fn from_real(flags: &'static str, destination: Mac) -> Vec<u8> {
    let mut frame = tcp(&std::string::ToString::to_string(&chosen()), CLIENT, flags);
    frame[..6].copy_from_slice(&destination.0);
    frame
}

#[test]
fn a_segment_in_the_middle_goes_to_the_real_that_the_box_before_chose() {
    for method in [Method::Nat, Method::Dr] {
        for flags in ["A", "PA", "FA"] {
            let mut appliance = successor(maglev(method));
            let (next_hop, _) = appliance.send(tcp(CLIENT, VIP, flags)).forwarded();
            assert_eq!(next_hop, chosen().ip());
        }
    }
}

#[test]
fn a_taken_over_connection_is_half_open_until_more_of_it_is_seen() {
    let mut appliance = successor(maglev(Method::Nat));
    appliance.send(tcp(CLIENT, VIP, "A")).forwarded();
    assert_eq!(appliance.connection().0, "SYN_RECV");
    appliance.send(tcp(CLIENT, VIP, "A")).forwarded();
    assert_eq!(appliance.connection().0, "ESTABLISHED");
}

#[test]
fn round_robin_and_addresses_of_one_box_alone_reset_such_a_segment() {
    let mut rr = successor(service(Method::Nat, VIP, &REALS));
    assert_eq!(rr.send(tcp(CLIENT, VIP, "A")).replied().flags(), "R");
    let mut alone = Appliance::new([maglev(Method::Nat)].into());
    assert_eq!(alone.send(tcp(CLIENT, VIP, "A")).replied().flags(), "R");
}

#[test]
fn a_stray_reset_is_never_taken_over() {
    let mut appliance = successor(maglev(Method::Nat));
    let out = appliance.send(tcp(CLIENT, VIP, "RA"));
    assert_eq!(out, Out::Drop(crate::DropReason::StrayReset));
}

#[test]
fn a_reply_by_way_of_the_new_gateway_is_translated() {
    let (next_hop, seen) = successor(maglev(Method::Nat))
        .send(from_real("PA", VMAC))
        .forwarded();
    assert_eq!(next_hop, addr(CLIENT).ip());
    assert_eq!(seen.endpoints(), (addr(VIP), addr(CLIENT)));
}

#[test]
fn a_reply_is_the_kernels_when_it_may_be_the_reals_own() {
    let mut appliance = successor(maglev(Method::Nat));
    let own = Mac([2, 0, 0, 0, 0, 1]);
    assert_eq!(
        appliance.send(from_real("PA", own)),
        Out::NotMine,
        "not to the gateway"
    );
    assert_eq!(
        appliance.send(from_real("SA", VMAC)),
        Out::NotMine,
        "a connection that begins"
    );
    appliance.link = (2, 4);
    assert_eq!(
        appliance.send(from_real("PA", VMAC)),
        Out::NotMine,
        "to another link's gateway of the same VRID"
    );
    appliance.link = (0, 2);
    appliance.pass(11);
    assert_eq!(
        appliance.send(from_real("PA", VMAC)),
        Out::NotMine,
        "too late"
    );
    let mut rr = successor(service(Method::Nat, VIP, &REALS));
    assert_eq!(
        rr.send(from_real("PA", VMAC)),
        Out::NotMine,
        "another box chose otherwise"
    );
}

#[test]
fn a_reply_with_a_damaged_header_begins_nothing() {
    let mut appliance = successor(maglev(Method::Nat));
    let mut frame = from_real("PA", VMAC);
    frame[24] ^= 1;
    let out = appliance.send(frame);
    assert_eq!(out, Out::Drop(crate::DropReason::BadHeaderChecksum));
    assert_eq!(appliance.table.connections(appliance.now).count(), 0);
}

#[test]
fn a_reply_of_a_real_with_several_services_is_the_kernels() {
    let other = ServiceConfig {
        name: "other".into(),
        port: 443,
        ..maglev(Method::Nat)
    };
    let mut appliance = Appliance::new([maglev(Method::Nat), other].into());
    appliance.put_in_router(router(&["10.1.0.100"]));
    appliance.be_active(100);
    assert_eq!(appliance.send(from_real("PA", VMAC)), Out::NotMine);
}

#[test]
fn a_reply_of_a_real_that_hashing_does_not_choose_is_the_kernels() {
    let mut appliance = successor(maglev(Method::Nat));
    let other = REALS
        .iter()
        .find(|(real, _)| addr(real) != chosen())
        .unwrap();
    let mut frame = tcp(other.0, CLIENT, "PA");
    frame[..6].copy_from_slice(&VMAC.0);
    assert_eq!(appliance.send(frame), Out::NotMine);
}
