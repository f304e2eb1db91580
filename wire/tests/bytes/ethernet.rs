//! The Ethernet header and VLAN tags.

use wire::headers::{Headers, Net, Vlan};
use wire::{ParseError, ethertype};

use crate::support::{DESTINATION, SOURCE, frame, hex};

#[test]
fn addresses_and_ethertype_are_read() {
    let headers = Headers::parse(&frame(0x88cc, &[])).unwrap();
    assert_eq!((headers.destination, headers.source), (DESTINATION, SOURCE));
    assert_eq!(
        (headers.ethertype, headers.l3, headers.vlan),
        (ethertype::LLDP, 14, None)
    );
    assert_eq!(headers.net, Net::Other);
    assert_eq!(headers.transport(), None);
}

#[test]
fn an_802_3_length_is_kept_and_not_looked_into() {
    let headers = Headers::parse(&frame(0x0026, &[0x42, 0x42, 3])).unwrap();
    assert_eq!((headers.ethertype, headers.net), (0x26, Net::Other));
}

#[test]
fn a_frame_shorter_than_its_header_is_refused() {
    assert_eq!(
        Headers::parse(&frame(0x88cc, &[])[..13]),
        Err(ParseError::Truncated)
    );
    assert_eq!(Headers::parse(&[]), Err(ParseError::Truncated));
}

#[test]
fn one_tag_is_looked_through() {
    let bytes = frame(0x8100, &hex("b064 88cc"));
    let headers = Headers::parse(&bytes).unwrap();
    let vlan = headers.vlan.unwrap();
    assert_eq!(
        vlan,
        Vlan {
            tpid: 0x8100,
            tci: 0xb064
        }
    );
    assert_eq!(
        (vlan.id(), vlan.pcp(), vlan.drop_eligible()),
        (100, 5, true)
    );
    assert_eq!((headers.ethertype, headers.l3), (ethertype::LLDP, 18));
}

/// scapy 2.5.0: `Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") / Dot1AD(vlan=100,
/// prio=5) / Dot1Q(vlan=7) / IP(src="192.0.2.1", dst="198.51.100.7") / ICMP(type=8, id=1, seq=2) /
/// b"ping"`
#[test]
fn two_tags_are_looked_through_and_the_outer_one_is_kept() {
    let bytes = hex("020000000002020000000001 88a8a064 81000007 0800
        45000020000100004001 8ea0 c0000201 c6336407 0800192c00010002 70696e67");
    let headers = Headers::parse(&bytes).unwrap();
    let vlan = headers.vlan.unwrap();
    assert_eq!(
        (vlan.tpid, vlan.id(), vlan.pcp(), vlan.drop_eligible()),
        (0x88a8, 100, 5, false)
    );
    assert_eq!((headers.ethertype, headers.l3), (ethertype::IPV4, 22));
    assert!(matches!(headers.net, Net::V4(_)));
}

#[test]
fn a_third_tag_is_not_looked_through() {
    let bytes = frame(0x8100, &hex("0001 8100 0002 8100 0003 0800"));
    let headers = Headers::parse(&bytes).unwrap();
    assert_eq!((headers.ethertype, headers.l3), (ethertype::VLAN, 22));
    assert_eq!(headers.net, Net::Other);
}

#[test]
fn a_frame_that_ends_inside_a_tag_is_refused() {
    for tags in ["0001 08", "0001 8100", "0001 8100 0002 08"] {
        let bytes = frame(0x8100, &hex(tags));
        assert_eq!(Headers::parse(&bytes), Err(ParseError::Truncated), "{tags}");
    }
}
