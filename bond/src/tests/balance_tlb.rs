extern crate std;

use std::vec::Vec;

use wire::Mac;

use crate::balance_rr::Turn;
use crate::egress::{MemberEntry, Table};
use crate::shares::share_out;
use crate::transmit::Ways;
use crate::{Mapping, Mode, XmitHashPolicy};

const BOND: Mac = Mac([2, 0, 0, 0, 0, 1]);
const PEER: Mac = Mac([2, 0, 0, 0, 9, 9]);
const VIRTUAL: [Mac; 2] = [Mac([0, 0, 0x5e, 0, 1, 51]), Mac([0, 0, 0x5e, 0, 2, 51])];

fn own(member: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, member + 1])
}

/// Three members, the bond's MAC the first's.
fn table(active: u8, mapping: Mapping) -> Table {
    let member = |i| MemberEntry {
        mac: own(i),
        ..MemberEntry::default()
    };
    let mut table = Table {
        mode: Mode::BalanceTlb,
        mapping,
        policy: XmitHashPolicy::Layer34,
        bond_mac: BOND,
        members: (0..3).map(member).collect(),
        usable: [0, 1, 2].into_iter().collect(),
        active: Some(active),
        ..Table::default()
    };
    share_out(&mut table.buckets, &[], &[0, 1, 2]);
    table
}

/// UDP of this source port.
fn flow(to: Mac, from: Mac, port: u16) -> Vec<u8> {
    let mut frame = [to.0, from.0].concat();
    frame.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(port.to_be_bytes());
    frame.extend([0, 53, 0, 8, 0, 0]);
    frame
}

fn ways(table: &Table, frame: &[u8], masked: u32) -> Ways {
    table.ways(&mut Turn::new(0), frame, masked).expect("a way")
}

#[test]
fn the_active_member_has_the_bonds_mac_and_whose_that_is_has_its() {
    let stations = |active| [0, 1, 2].map(|i| table(active, Mapping::Resilient).station(i));
    assert_eq!(stations(0), [BOND, own(1), own(2)]);
    assert_eq!(stations(1), [own(1), BOND, own(2)]);
    assert_eq!(stations(2), [own(2), own(1), BOND]);
    let other = Mac([2, 0, 0, 0, 7, 7]);
    let configured = Table {
        bond_mac: other,
        ..table(1, Mapping::Resilient)
    };
    assert_eq!(
        [0, 1, 2].map(|i| configured.station(i)),
        [own(0), other, own(2)]
    );
}

#[test]
fn flows_leave_by_every_member_from_its_mac_and_each_flow_by_one() {
    for mapping in Mapping::ALL {
        let table = table(1, *mapping);
        let mut by = [0; 3];
        for port in 0..300 {
            let frame = flow(PEER, BOND, port);
            let way = ways(&table, &frame, 0);
            assert_eq!(way, ways(&table, &frame, 0));
            let expected = (way.first != 1).then(|| table.station(way.first));
            assert_eq!(way.source, expected, "{mapping}");
            assert!(way.hash.is_some());
            by[way.first] += 1;
        }
        assert!(by.iter().all(|count| *count > 60), "{mapping}: {by:?}");
    }
}

#[test]
fn what_is_not_ours_to_balance_leaves_by_the_active_member_as_it_is() {
    let table = table(2, Mapping::Resilient);
    let arp = [&PEER.0[..], &BOND.0, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2]].concat();
    let mut advertisement = [
        &PEER.0[..],
        &BOND.0,
        &[0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255],
    ]
    .concat();
    advertisement.extend([0; 32]);
    advertisement.extend([136; 24]);
    let mut frames = [arp, advertisement].to_vec();
    for port in 0..50 {
        frames.push(flow(Mac::BROADCAST, BOND, port));
        frames.push(flow(Mac([1, 0, 0x5e, 0, 0, 1]), BOND, port));
        frames.extend(VIRTUAL.map(|mac| flow(PEER, mac, port)));
        frames.push(flow(PEER, PEER, port));
    }
    for frame in frames
        .iter()
        .map(|frame| &frame[..])
        .chain([&[][..], &[0; 13]])
    {
        assert_eq!(ways(&table, frame, 0), Ways::by(2), "{frame:x?}");
    }
}

#[test]
fn while_the_active_member_is_masked_another_speaks_for_the_bond() {
    let table = table(1, Mapping::Resilient);
    let mut sources = Vec::new();
    for port in 0..100 {
        let way = ways(&table, &flow(PEER, BOND, port), 1 << 1);
        assert_ne!(way.first, 1);
        sources.push((way.first, way.source));
    }
    sources.sort_by_key(|(member, _)| *member);
    sources.dedup();
    assert_eq!(sources, [(0, None), (2, Some(own(2)))]);
    let virtual_frame = flow(PEER, VIRTUAL[0], 1);
    assert_eq!(ways(&table, &virtual_frame, 1 << 1), Ways::by(0));
    assert_eq!(table.ways(&mut Turn::new(0), &virtual_frame, 0b111), None);
}
