//! The ARP request that asks a target.

use core::net::Ipv4Addr;

use wire::headers::ArpInfo;
use wire::{Mac, ethertype};

use crate::FrameBytes;

/// The shortest Ethernet frame without FCS (IEEE 802.3 4.2.3.3).
const SHORTEST: usize = 60;

/// A broadcast request for `target` from `source`, padded to the shortest frame.
pub(super) fn request(mac: Mac, source: Ipv4Addr, target: Ipv4Addr) -> FrameBytes {
    let arp = ArpInfo {
        operation: ArpInfo::REQUEST,
        sender_mac: mac,
        sender_ip: source,
        target_mac: Mac::ZERO,
        target_ip: target,
    };
    let ethernet = Mac::BROADCAST.0.into_iter().chain(mac.0);
    let ethernet = ethernet.chain(ethertype::ARP.to_be_bytes());
    let padding = core::iter::repeat(0);
    let frame = ethernet.chain(arp.emit()).chain(padding);
    frame.take(SHORTEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::headers::{Headers, Net};

    #[test]
    fn a_request_is_sixty_bytes_to_everybody_in_the_bonds_name() {
        let mac = Mac([2, 0, 0, 0, 0, 1]);
        let (source, target) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 9));
        let frame = request(mac, source, target);
        assert_eq!(frame.len(), 60);
        let headers = Headers::parse(&frame).expect("a frame");
        assert_eq!((headers.destination, headers.source), (Mac::BROADCAST, mac));
        let Net::Arp(arp) = headers.net else {
            panic!("{headers:?}")
        };
        assert_eq!((arp.operation, arp.sender_mac), (ArpInfo::REQUEST, mac));
        assert_eq!((arp.sender_ip, arp.target_ip), (source, target));
    }
}
