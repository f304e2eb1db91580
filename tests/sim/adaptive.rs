//! The worker in balance-tlb and balance-alb: the MACs that frames leave from, and that clients are told.

use bond::Mode;
use bond::balance_alb::bucket;
use bond::egress::Moving;
use etherparse::{ArpHardwareId, ArpOperation, ArpPacket, EtherType, Ethernet2Header};
use lvsd::announce::lesson::unasked;
use wire::headers::{Headers, Net};
use wire::{Duration, Instant, Mac};

use crate::appliance::{Appliance, BOND, CLIENT, VIP, VMAC, echo, syn};

/// The members' own MACs; the first is the bond's.
const OWN: [Mac; 2] = [BOND, Mac([2, 0, 0, 0, 0, 2])];

/// The first member is active, and clients of odd buckets are the second's.
fn start(mut appliance: Appliance, mode: Mode) -> Appliance {
    let table = &mut appliance.table;
    table.mode = mode;
    table.policy = bond::XmitHashPolicy::Layer34;
    table.active = Some(0);
    table.clients = table.buckets;
    for (member, mac) in table.members.iter_mut().zip(OWN) {
        member.mac = mac;
    }
    table.members[1].rx_enabled = mode == Mode::BalanceAlb;
    table.members[1].unicast_only = true;
    appliance.shared.bonds[0]
        .clients
        .serve(mode == Mode::BalanceAlb);
    appliance.attach();
    appliance
}

fn receive(appliance: &mut Appliance, member: usize, frame: &[u8]) {
    appliance.wire.inject(member, frame);
    appliance.worker.turn(appliance.now);
}

/// What left, by which member.
fn sent(appliance: &Appliance) -> Vec<(usize, Vec<u8>)> {
    let of = |member| {
        appliance
            .wire
            .take(member)
            .into_iter()
            .map(move |frame| (member, frame))
    };
    [0, 1].into_iter().flat_map(of).collect()
}

fn source(frame: &[u8]) -> Mac {
    Headers::parse(frame).unwrap().source
}

/// A client asks everybody for the service's address.
pub fn question(last: u8) -> Vec<u8> {
    let header = Ethernet2Header {
        source: CLIENT.0,
        destination: Mac::BROADCAST.0,
        ether_type: EtherType::ARP,
    };
    let arp = ArpPacket::new(
        ArpHardwareId::ETHERNET,
        EtherType::IPV4,
        ArpOperation::REQUEST,
        &CLIENT.0,
        &[10, 0, 0, last],
        &[0; 6],
        &VIP,
    );
    [&header.to_bytes()[..], &arp.unwrap().to_bytes()].concat()
}

/// The MAC that an answer tells.
fn told(frame: &[u8]) -> Mac {
    let Net::Arp(arp) = Headers::parse(frame).unwrap().net else {
        panic!("{frame:x?}")
    };
    arp.sender_mac
}

#[test]
fn forwarded_flows_leave_by_both_members_each_from_its_own_mac() {
    for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
        let mut appliance = start(Appliance::detached(Default::default()), mode);
        if mode == Mode::BalanceAlb {
            // Without, everything to the one real takes one member.
            appliance.table.mapping = bond::Mapping::Modulo;
            appliance.publish();
        }
        let mut by = [0, 0];
        for port in 4_000..4_040 {
            receive(&mut appliance, 0, &syn(port));
            for (member, frame) in sent(&appliance) {
                assert_eq!(source(&frame), OWN[member], "{mode}");
                by[member] += 1;
            }
        }
        assert!(by[0] > 8 && by[1] > 8, "{mode}: {by:?}");
    }
}

#[test]
fn a_frame_that_waits_for_its_bucket_leaves_with_the_mac_of_the_member_that_has_it_then() {
    for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
        for (from, to) in [(1, 0), (0, 1)] {
            let mut appliance = start(Appliance::detached(Default::default()), mode);
            appliance.table.buckets = [from; 256];
            (0..=255).for_each(|bucket| appliance.table.moving.held.insert(bucket));
            appliance.publish();
            receive(&mut appliance, 0, &syn(4_000));
            // Another table that holds it.
            appliance.publish();
            appliance.worker.turn(appliance.now);
            assert!(sent(&appliance).is_empty(), "{mode}");
            appliance.table.buckets = [to; 256];
            appliance.table.moving = Moving::default();
            appliance.publish();
            appliance.worker.turn(appliance.now);
            let sent = sent(&appliance);
            assert_eq!((sent.len(), sent[0].0), (1, usize::from(to)), "{mode}");
            assert_eq!(source(&sent[0].1), OWN[usize::from(to)], "{mode}");
        }
    }
}

#[test]
fn in_balance_tlb_answers_leave_by_the_active_member_with_the_bonds_mac() {
    let mut appliance = start(Appliance::detached(Default::default()), Mode::BalanceTlb);
    for last in 2..40 {
        receive(&mut appliance, 0, &question(last));
        let sent = sent(&appliance);
        assert_eq!((sent.len(), sent[0].0, told(&sent[0].1)), (1, 0, BOND));
    }
}

#[test]
fn in_balance_alb_each_client_is_told_the_mac_of_its_member_by_that_member() {
    let mut appliance = start(Appliance::detached(Default::default()), Mode::BalanceAlb);
    for last in 2..40 {
        receive(&mut appliance, 0, &question(last));
        let sent = sent(&appliance);
        let expected = usize::from(bucket([10, 0, 0, last].into()) % 2);
        assert_eq!((sent.len(), sent[0].0), (1, expected));
        let (_, frame) = &sent[0];
        assert_eq!((source(frame), told(frame)), (OWN[expected], OWN[expected]));
    }
    receive(&mut appliance, 1, &question(9));
    assert!(
        sent(&appliance).is_empty(),
        "the active member has heard it, too"
    );
}

#[test]
fn in_both_modes_a_virtual_mac_is_told_by_the_active_member_as_it_is() {
    for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
        let mut appliance = start(Appliance::of_router(), mode);
        appliance.be_active(Duration::from_secs(1));
        for last in 2..40 {
            receive(&mut appliance, 0, &question(last));
            let sent = sent(&appliance);
            assert_eq!((sent.len(), sent[0].0), (1, 0), "{mode}");
            let (_, frame) = &sent[0];
            assert_eq!((source(frame), told(frame)), (VMAC, VMAC), "{mode}");
        }
        let clients = &appliance.shared.bonds[0].clients;
        clients.moved(|_| true, appliance.now);
        assert_eq!(
            clients.due(appliance.now, 64),
            [],
            "nobody has to be told again"
        );
    }
}

#[test]
fn in_balance_alb_what_comes_for_a_members_mac_is_served_and_the_kernel_sees_the_bonds() {
    let mut appliance = start(Appliance::detached(Default::default()), Mode::BalanceAlb);
    let to = |mac: Mac, frame: &[u8]| [&mac.0, &frame[6..]].concat();
    receive(&mut appliance, 1, &to(OWN[1], &syn(4_000)));
    assert_eq!(sent(&appliance).len(), 1);
    receive(&mut appliance, 1, &to(OWN[0], &syn(4_000)));
    receive(&mut appliance, 0, &to(OWN[1], &syn(4_000)));
    assert!(sent(&appliance).is_empty(), "a flooded frame is taken once");
    receive(&mut appliance, 1, &to(OWN[1], &echo([10, 0, 0, 1], 8)));
    let mut room = [0; 2_048];
    let (_, len) = appliance.shared.bonds[0].to_host.pop(&mut room).unwrap();
    assert_eq!(room[..len.min(6)], BOND.0);
}

#[test]
fn in_balance_alb_a_client_whose_member_goes_is_told_another_mac() {
    let mut appliance = start(Appliance::detached(Default::default()), Mode::BalanceAlb);
    let odd = (2..)
        .find(|last| bucket([10, 0, 0, *last].into()) % 2 == 1)
        .unwrap();
    receive(&mut appliance, 0, &question(odd));
    assert_eq!(told(&sent(&appliance)[0].1), OWN[1]);
    appliance.table.usable = [0].into_iter().collect();
    appliance.table.clients.fill(0);
    appliance.publish();
    let clients = &appliance.shared.bonds[0].clients;
    clients.moved(|_| true, appliance.now);
    let due = clients.due(appliance.now, 64);
    assert_eq!(due.len(), 1);
    let frame = unasked(BOND, &due[0]).unwrap();
    assert!(appliance.shared.workers[0].from_host.push(0, &[&frame]));
    appliance.worker.turn(appliance.now);
    let sent = sent(&appliance);
    assert_eq!((sent.len(), sent[0].0, told(&sent[0].1)), (1, 0, OWN[0]));
    assert_eq!(Headers::parse(&sent[0].1).unwrap().destination, CLIENT);
    let later = Instant::from_nanos(appliance.now.as_nanos() + 100);
    assert!(appliance.shared.bonds[0].clients.due(later, 64).is_empty());
}
