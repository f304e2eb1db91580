//! Telling one client of a balance-alb bond which MAC one of our addresses has.

use std::net::IpAddr;

use bond::balance_alb::Lesson;
use wire::headers::ArpInfo;
use wire::icmpv6::NeighborAdvertisement;
use wire::{Mac, ethertype};

use super::{advertisement, frame};

/// An answer to what the client did not ask, from this MAC; nothing where the families differ.
#[must_use]
pub fn unasked(mac: Mac, lesson: &Lesson) -> Option<Vec<u8>> {
    let ends = (lesson.local, lesson.client);
    match ends {
        (IpAddr::V4(local), IpAddr::V4(client)) => {
            let arp = ArpInfo {
                operation: ArpInfo::REPLY,
                sender_mac: mac,
                sender_ip: local,
                target_mac: lesson.mac,
                target_ip: client,
            };
            let payload = arp.emit();
            Some(frame(
                lesson.mac,
                mac,
                lesson.vlan,
                ethertype::ARP,
                &[&payload],
            ))
        }
        (IpAddr::V6(local), IpAddr::V6(client)) => {
            let said = NeighborAdvertisement {
                router: lesson.is_router,
                solicited: false,
                overriding: true,
                target: local,
                target_mac: Some(mac),
            };
            Some(advertisement(&said, client, (lesson.mac, mac), lesson.vlan))
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use wire::checksum::transport_valid;
    use wire::headers::{Headers, Net};

    use super::*;

    const OURS: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn lesson(local: &str, client: &str) -> Lesson {
        Lesson {
            client: client.parse().unwrap(),
            mac: CLIENT,
            local: local.parse().unwrap(),
            vlan: Some(7),
            is_router: true,
        }
    }

    #[test]
    fn a_client_of_ipv4_is_told_by_a_reply_to_itself() {
        let frame = unasked(OURS, &lesson("10.0.0.1", "10.0.0.9")).unwrap();
        let headers = Headers::parse(&frame).unwrap();
        assert_eq!((headers.destination, headers.source), (CLIENT, OURS));
        assert_eq!(headers.vlan.map(|vlan| vlan.id()), Some(7));
        let Net::Arp(arp) = headers.net else {
            panic!("{headers:?}")
        };
        assert_eq!((arp.operation, arp.sender_mac), (ArpInfo::REPLY, OURS));
        assert_eq!(arp.sender_ip.octets(), [10, 0, 0, 1]);
        assert_eq!(arp.target_ip.octets(), [10, 0, 0, 9]);
    }

    #[test]
    fn a_client_of_ipv6_is_told_by_an_advertisement_to_itself_and_families_do_not_mix() {
        let frame = unasked(OURS, &lesson("2001:db8::1", "2001:db8::9")).unwrap();
        let headers = Headers::parse(&frame).unwrap();
        assert_eq!((headers.destination, headers.source), (CLIENT, OURS));
        let Net::V6(ip) = headers.net else {
            panic!("{headers:?}")
        };
        assert!(transport_valid(&frame, &headers) && ip.hop_limit == 255);
        assert_eq!(ip.destination, "2001:db8::9".parse::<IpAddr>().unwrap());
        let said = NeighborAdvertisement::parse(&frame[ip.l4..ip.end]).unwrap();
        assert!(said.router && said.overriding && !said.solicited);
        assert_eq!(said.target_mac, Some(OURS));
        assert_eq!(unasked(OURS, &lesson("10.0.0.1", "2001:db8::9")), None);
    }
}
