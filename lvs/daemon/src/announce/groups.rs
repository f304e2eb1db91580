//! The multicast groups that the kernel is in by a bond: its new place is told to snooping switches,
//! which would send the groups' traffic to the old one until the next query.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};

use wire::checksum::ones_complement;
use wire::icmpv6::{listener, multicast_mac};
use wire::{Mac, ethertype, igmp, protocol};

use super::frame;

/// Everybody on the link, which nobody reports (RFC 3376 section 6, RFC 3810 section 6).
const ALL_SYSTEMS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The groups of one interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Whether the link's querier speaks IGMP version 2 only.
    is_old: bool,
    v4: Vec<Ipv4Addr>,
    v6: Vec<Ipv6Addr>,
}

impl Groups {
    /// Those of this interface now; none when the kernel does not say.
    #[must_use]
    pub fn of(interface: &str) -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
        let (is_old, v4) = parse_v4(&read("igmp"), interface);
        let v6 = parse_v6(&read("igmp6"), interface);
        Self { is_old, v4, v6 }
    }

    /// The reports of all of them as frames, from these addresses.
    #[must_use]
    pub fn reports(&self, mac: Mac, vlan: Option<u16>, from: (Ipv4Addr, Ipv6Addr)) -> Vec<Vec<u8>> {
        let mut frames: Vec<Vec<u8>> = if self.is_old {
            let report =
                |group: &Ipv4Addr| v4_frame(mac, vlan, from.0, *group, &igmp::v2_report(*group));
            self.v4.iter().map(report).collect()
        } else {
            let report = |groups: &[Ipv4Addr]| {
                v4_frame(mac, vlan, from.0, igmp::REPORTS, &igmp::v3_report(groups))
            };
            self.v4.chunks(igmp::GROUPS_MAX).map(report).collect()
        };
        let report = |groups: &[Ipv6Addr]| v6_frame(mac, vlan, from.1, groups);
        frames.extend(self.v6.chunks(listener::GROUPS_MAX).map(report));
        frames
    }
}

/// IGMP goes with TTL 1 and the Router Alert option (RFC 3376 section 4).
fn v4_frame(
    mac: Mac,
    vlan: Option<u16>,
    source: Ipv4Addr,
    to: Ipv4Addr,
    message: &[u8],
) -> Vec<u8> {
    const HEADER: usize = 24;
    const INTERNETWORK_CONTROL: u8 = 0xc0;
    const DONT_FRAGMENT: u8 = 0x40;
    const ROUTER_ALERT: [u8; 4] = [0x94, 4, 0, 0];
    let length = u16::try_from(HEADER + message.len()).unwrap_or_default();
    let [high, low] = length.to_be_bytes();
    let head = [
        0x46,
        INTERNETWORK_CONTROL,
        high,
        low,
        0,
        0,
        DONT_FRAGMENT,
        0,
        1,
        protocol::IGMP,
        0,
        0,
    ];
    let mut header = [&head[..], &source.octets(), &to.octets(), &ROUTER_ALERT].concat();
    let checksum = ones_complement(&header).to_be_bytes();
    header[10..12].copy_from_slice(&checksum);
    let [_, b, c, d] = to.octets();
    let group = Mac([1, 0, 0x5e, b & 0x7f, c, d]);
    frame(group, mac, vlan, ethertype::IPV4, &[&header, message])
}

/// MLD goes with hop limit 1 and the Router Alert option (RFC 3810 section 5).
fn v6_frame(mac: Mac, vlan: Option<u16>, source: Ipv6Addr, groups: &[Ipv6Addr]) -> Vec<u8> {
    const ROUTER_ALERT: [u8; 8] = [protocol::ICMPV6, 0, 5, 2, 0, 0, 1, 0];
    let message = listener::report(source, groups);
    let length = u16::try_from(ROUTER_ALERT.len() + message.len()).unwrap_or_default();
    let [high, low] = length.to_be_bytes();
    let head = [0x60, 0, 0, 0, high, low, protocol::HOP_BY_HOP, 1];
    let to = listener::REPORTS;
    let parts = [
        &head[..],
        &source.octets(),
        &to.octets(),
        &ROUTER_ALERT,
        &message,
    ];
    frame(multicast_mac(to), mac, vlan, ethertype::IPV6, &parts)
}

/// Of proc(5)'s `net/igmp`: a line for each interface with its querier's version, then one for each group.
fn parse_v4(text: &str, interface: &str) -> (bool, Vec<Ipv4Addr>) {
    let (mut is_here, mut is_old, mut groups) = (false, false, Vec::new());
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !line.starts_with('\t') {
            is_here = words.get(1) == Some(&interface);
            is_old |= is_here && words.last() != Some(&"V3");
        } else if is_here
            && let Some(bits) = words
                .first()
                .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        {
            groups.push(Ipv4Addr::from(bits.to_le_bytes()));
        }
    }
    groups.retain(|group| *group != ALL_SYSTEMS);
    (is_old, groups)
}

/// Of proc(5)'s `net/igmp6`: a line for each interface and group.
fn parse_v6(text: &str, interface: &str) -> Vec<Ipv6Addr> {
    /// Scopes that do not leave the node (RFC 4291 2.7).
    const NODE_LOCAL: u8 = 1;
    let group = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let is_here = words.next()? == interface;
        let bits = u128::from_str_radix(words.next()?, 16).ok()?;
        is_here.then(|| Ipv6Addr::from(bits))
    };
    let is_told = |group: &Ipv6Addr| *group != ALL_NODES && group.octets()[1] & 0x0f > NODE_LOCAL;
    text.lines().filter_map(group).filter(is_told).collect()
}

#[cfg(test)]
mod tests {
    use wire::checksum::{ipv4_header_valid, transport_valid};
    use wire::headers::Headers;

    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const IGMP: &str = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n\
        1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n\
        4\tbond0     :     2      V3\n\t\t\t\tFB0000E0     1 0:00000000\t\t0\n\
        \t\t\t\t010000E0     1 0:00000000\t\t0\n\
        5\tbond01    :     1      V2\n\t\t\t\t030201EF     1 0:00000000\t\t0\n";
    const IGMP6: &str = "4    bond0           ff0200000000000000000001ff000001     1 00000004 0\n\
        4    bond0           ff020000000000000000000000000001     1 0000000C 0\n\
        4    bond0           ff010000000000000000000000000002     1 00000008 0\n\
        5    bond01          ff0200000000000000000000000000fb     1 00000004 0\n";

    fn groups(interface: &str) -> Groups {
        let (is_old, v4) = parse_v4(IGMP, interface);
        Groups {
            is_old,
            v4,
            v6: parse_v6(IGMP6, interface),
        }
    }

    #[test]
    fn groups_are_the_interfaces_own_and_not_those_that_nobody_reports() {
        let bond0 = groups("bond0");
        assert_eq!(bond0.v4, [Ipv4Addr::new(224, 0, 0, 251)]);
        assert_eq!(bond0.v6, ["ff02::1:ff00:1".parse::<Ipv6Addr>().unwrap()]);
        assert!(!bond0.is_old && groups("bond01").is_old);
        assert_eq!(groups("bond"), Groups::default());
    }

    #[test]
    fn each_family_has_a_report_for_all_its_groups_with_right_checksums() {
        let from = (Ipv4Addr::new(10, 0, 0, 2), "fe80::1".parse().unwrap());
        let frames = groups("bond0").reports(MAC, None, from);
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0][..6], [1, 0, 0x5e, 0, 0, 0x16]);
        assert!(ipv4_header_valid(&frames[0][14..38]));
        assert_eq!(
            frames[0][38..],
            igmp::v3_report(&[Ipv4Addr::new(224, 0, 0, 251)])[..]
        );
        assert_eq!(frames[1][..6], [0x33, 0x33, 0, 0, 0, 0x16]);
        let headers = Headers::parse(&frames[1]).unwrap();
        assert!(transport_valid(&frames[1], &headers));
    }

    #[test]
    fn to_an_old_querier_each_group_is_reported_by_itself_and_tagged_on_a_vlan() {
        let from = (Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED);
        let frames = groups("bond01").reports(MAC, Some(100), from);
        assert_eq!(frames[0][..6], [1, 0, 0x5e, 1, 2, 3]);
        assert_eq!(frames[0][12..18], [0x81, 0, 0, 100, 8, 0]);
        assert_eq!(
            frames[0][42..],
            igmp::v2_report(Ipv4Addr::new(239, 1, 2, 3))
        );
    }
}
