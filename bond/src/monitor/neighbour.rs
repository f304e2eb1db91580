//! The neighbor solicitation that asks a target (RFC 4861 4.3).

use core::net::Ipv6Addr;

use wire::icmpv6::{NeighborSolicitation, multicast_mac, solicited_node};
use wire::{Mac, ethertype, protocol};

use crate::FrameBytes;

/// What RFC 4861 7.1.1 asks of a solicitation.
const HOP_LIMIT: u8 = 255;

/// A solicitation of `target` from `source`, to the target's solicited-node group.
pub(super) fn solicitation(mac: Mac, source: Ipv6Addr, target: Ipv6Addr) -> FrameBytes {
    let group = solicited_node(target);
    let message = NeighborSolicitation {
        target,
        source_mac: Some(mac),
    };
    let message = message.emit(source, group);
    // It has at most 32 bytes.
    let [_, length] = u16::try_from(message.len()).unwrap_or(0).to_be_bytes();
    let ethernet = multicast_mac(group).0.into_iter().chain(mac.0);
    let ethernet = ethernet.chain(ethertype::IPV6.to_be_bytes());
    let head = [0x60, 0, 0, 0, 0, length, protocol::ICMPV6, HOP_LIMIT];
    let ip = head
        .into_iter()
        .chain(source.octets())
        .chain(group.octets());
    ethernet.chain(ip).chain(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::checksum;
    use wire::headers::{Headers, Net};

    #[test]
    fn a_solicitation_is_eighty_six_legal_bytes_to_the_targets_group() {
        let mac = Mac([2, 0, 0, 0, 0, 1]);
        let source: Ipv6Addr = "2001:db8::1".parse().expect("an address");
        let target: Ipv6Addr = "2001:db8::12:3456".parse().expect("an address");
        let frame = solicitation(mac, source, target);
        assert_eq!(frame.len(), 86);
        let headers = Headers::parse(&frame).expect("a frame");
        assert_eq!(
            headers.destination,
            Mac([0x33, 0x33, 0xff, 0x12, 0x34, 0x56])
        );
        assert!(checksum::transport_valid(&frame, &headers));
        let Net::V6(ip) = headers.net else {
            panic!("{headers:?}")
        };
        assert_eq!((ip.hop_limit, ip.source), (HOP_LIMIT, source));
        let parsed = NeighborSolicitation::parse(&frame[ip.l4..ip.end]).expect("legal");
        assert_eq!((parsed.target, parsed.source_mac), (target, Some(mac)));
    }
}
