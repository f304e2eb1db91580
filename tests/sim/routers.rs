//! Virtual routers: what is for their MAC address is the bond's while they are Active here.

use lvsd::reason::{DropReason, PuntReason};
use wire::{Duration, Mac};

use crate::appliance::{Appliance, BOND, REAL_IP, VMAC, echo, syn};

/// The same frame, for the virtual router.
pub fn to_router(frame: &[u8]) -> Vec<u8> {
    to(VMAC, frame)
}

fn to(mac: Mac, frame: &[u8]) -> Vec<u8> {
    [&mac.0, &frame[6..]].concat()
}

fn active() -> Appliance {
    let appliance = Appliance::of_router();
    appliance.be_active(Duration::from_secs(1));
    appliance
}

fn punted(appliance: &Appliance) -> Vec<Vec<u8>> {
    let mut room = [0; 2_048];
    let ring = &appliance.shared.bonds[0].to_host;
    std::iter::from_fn(|| ring.pop(&mut room).map(|(_, len)| room[..len].to_vec())).collect()
}

#[test]
fn a_service_is_reached_by_the_virtual_mac_for_as_long_as_the_lease_holds() {
    let mut appliance = active();
    appliance.receive(&to_router(&syn(4_000)));
    assert_eq!(appliance.sent().len(), 1);
    appliance.pass(Duration::from_secs(1));
    appliance.receive(&to_router(&syn(4_001)));
    assert_eq!(appliance.sent().len(), 0);
    let drops = &appliance.shared.workers[0].counters;
    assert_eq!(drops.drops(DropReason::NotActive).total(), 1);
}

#[test]
fn what_is_no_service_is_the_kernels_to_route() {
    let mut appliance = active();
    appliance.receive(&to_router(&echo(REAL_IP, 8)));
    let punted = punted(&appliance);
    assert_eq!(punted.len(), 1);
    assert_eq!(
        punted[0][..6],
        BOND.0,
        "a MAC that the kernel takes for its own"
    );
    let counters = &appliance.shared.workers[0].counters;
    assert_eq!(counters.punts(PuntReason::Gateway).total(), 1);
}

#[test]
fn a_backup_passes_nothing_on_that_is_for_the_virtual_mac() {
    let mut appliance = Appliance::of_router();
    appliance.receive(&to_router(&echo(REAL_IP, 8)));
    assert!(punted(&appliance).is_empty());
}

#[test]
fn another_virtual_routers_frame_is_another_stations() {
    let mut appliance = active();
    let other = Mac([0, 0, 0x5e, 0, 1, 52]);
    appliance.receive(&to(other, &syn(4_000)));
    let counters = &appliance.shared.workers[0].counters;
    assert_eq!(counters.bond_drops(bond::DropReason::ForeignMac).total(), 1);
}

#[test]
fn an_inactive_member_takes_nothing_for_the_virtual_mac_either() {
    let mut appliance = active();
    appliance.table.members[0].rx_enabled = false;
    appliance.publish();
    appliance.receive(&to_router(&syn(4_000)));
    let counters = &appliance.shared.workers[0].counters;
    assert_eq!(
        counters
            .bond_drops(bond::DropReason::InactiveMember)
            .total(),
        1
    );
}
