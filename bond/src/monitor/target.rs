//! Who is asked, and in whose name.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::{Mac, ethertype};

use crate::config::monitor::MAX_TARGETS;
use crate::{Address, Config, FrameBytes};

/// The most targets of a bond, of both address families.
pub const TARGETS: usize = 2 * MAX_TARGETS;

/// The targets of a bond, those of ARP first.
pub type Targets = heapless::Vec<Target, TARGETS>;

/// A host that is asked for again and again, and the address that it is asked from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// By ARP.
    V4 {
        /// Who is asked.
        target: Ipv4Addr,
        /// The bond's address on the target's link; 0.0.0.0 without one, as in a probe of RFC 5227.
        source: Ipv4Addr,
        /// The VLAN that the link is, on the bond.
        vlan: Option<u16>,
    },
    /// By neighbor solicitation.
    V6 {
        /// Who is asked.
        target: Ipv6Addr,
        /// The bond's address on the target's link; without one its link-local address.
        source: Ipv6Addr,
        /// The VLAN that the link is, on the bond.
        vlan: Option<u16>,
    },
}

impl Target {
    /// The frame that asks it as its link wants it: with the tag of its VLAN (IEEE 802.1Q 9.4), priority 0.
    pub(super) fn tagged(&self, frame: &[u8]) -> FrameBytes {
        const ADDRESSES: usize = 12;
        let (addresses, rest) = frame.split_at_checked(ADDRESSES).unwrap_or((frame, &[]));
        let [a, b] = ethertype::VLAN.to_be_bytes();
        let tag = self.vlan().map(|vlan| {
            let [c, d] = vlan.to_be_bytes();
            [a, b, c, d]
        });
        let tag = tag.into_iter().flatten();
        let (addresses, rest) = (addresses.iter().copied(), rest.iter().copied());
        addresses.chain(tag).chain(rest).collect()
    }

    /// The VLAN that its link is, on the bond.
    #[must_use]
    pub const fn vlan(&self) -> Option<u16> {
        match self {
            Self::V4 { vlan, .. } | Self::V6 { vlan, .. } => *vlan,
        }
    }
}

/// The targets as configured, asked from the bond's own addresses, those of its VLANs among them.
pub(crate) fn targets(config: &Config, mac: Mac) -> Targets {
    let monitor = &config.monitor;
    let untagged = config.addresses.iter().map(|address| (None, *address));
    let tagged = monitor
        .tagged
        .iter()
        .map(|own| (Some(own.vlan), own.address));
    let on_link = |target: IpAddr| {
        let mut all = untagged.clone().chain(tagged.clone());
        let own = all.find(|(_, address)| is_on_link(address, target));
        own.map_or((None, None), |(vlan, address)| (vlan, Some(address.ip)))
    };
    let v4 = monitor.arp_ip_target.iter().take(MAX_TARGETS);
    let v4 = v4.map(|&target| {
        let (vlan, own) = on_link(target.into());
        let source = match own {
            Some(IpAddr::V4(source)) => source,
            Some(IpAddr::V6(_)) | None => Ipv4Addr::UNSPECIFIED,
        };
        Target::V4 {
            target,
            source,
            vlan,
        }
    });
    let v6 = monitor.ns_ip6_target.iter().take(MAX_TARGETS);
    let v6 = v6.map(|&target| {
        let (vlan, own) = on_link(target.into());
        let source = match own {
            Some(IpAddr::V6(source)) => source,
            Some(IpAddr::V4(_)) | None => link_local(mac),
        };
        Target::V6 {
            target,
            source,
            vlan,
        }
    });
    v4.chain(v6).collect()
}

fn is_on_link(own: &Address, target: IpAddr) -> bool {
    match (own.ip, target) {
        (IpAddr::V4(own_ip), IpAddr::V4(target)) => {
            let differ = own_ip.to_bits() ^ target.to_bits();
            own_ip != target && differ.leading_zeros() >= u32::from(own.prefix)
        }
        (IpAddr::V6(own_ip), IpAddr::V6(target)) => {
            let differ = own_ip.to_bits() ^ target.to_bits();
            own_ip != target && differ.leading_zeros() >= u32::from(own.prefix)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// The link-local address with this MAC's modified EUI-64 (RFC 4291 2.5.1, RFC 2464 section 5).
const fn link_local(mac: Mac) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac.0;
    Ipv6Addr::from_octets([
        0xfe,
        0x80,
        0,
        0,
        0,
        0,
        0,
        0,
        a ^ 2,
        b,
        c,
        0xff,
        0xfe,
        d,
        e,
        f,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mode;
    use crate::config::monitor::Tagged;

    #[test]
    fn a_target_in_the_network_of_a_vlan_is_asked_there_and_one_in_the_bonds_own_is_not() {
        let mut config = Config::new("bond0", Mode::ActiveBackup, &["eth1"]);
        config.addresses = ["10.1.0.2/24".parse().expect("legal")].into();
        let tagged = [(100, "10.2.0.2/24"), (200, "2001:db8::2/64")];
        let tagged = tagged.map(|(vlan, address)| Tagged {
            vlan,
            address: address.parse().expect("legal"),
        });
        config.monitor.tagged = tagged.into();
        let v4 = ["10.1.0.9", "10.2.0.9", "10.3.0.9"].map(|a| a.parse().expect("legal"));
        let v6 = ["2001:db8::9", "2001:db8:1::9"].map(|a| a.parse().expect("legal"));
        config.monitor.arp_ip_target = v4.into();
        config.monitor.ns_ip6_target = v6.into();
        let targets = targets(&config, Mac([2; 6]));
        let vlans = targets.iter().map(Target::vlan);
        assert!(vlans.eq([None, Some(100), None, Some(200), None]));
        let Target::V4 { source, .. } = targets[1] else {
            panic!("{targets:?}")
        };
        assert_eq!(source, Ipv4Addr::new(10, 2, 0, 2));
    }

    #[test]
    fn a_target_is_asked_from_the_address_on_its_link_and_else_from_none_or_the_link_local_one() {
        let mut config = Config::new("bond0", Mode::ActiveBackup, &["eth1"]);
        let addresses = ["10.1.0.2/24", "10.2.0.2/24", "2001:db8::2/64"];
        config.addresses = addresses.map(|a| a.parse().expect("legal")).into();
        let v4 = ["10.2.0.9", "10.3.0.9"].map(|a| a.parse().expect("legal"));
        let v6 = ["2001:db8::9", "fe80::9"].map(|a| a.parse().expect("legal"));
        config.monitor.arp_ip_target = v4.into();
        config.monitor.ns_ip6_target = v6.into();
        let sources = targets(&config, Mac([0x52, 0x54, 0, 1, 2, 3]));
        let sources = sources.iter().map(|target| match *target {
            Target::V4 { source, .. } => IpAddr::V4(source),
            Target::V6 { source, .. } => IpAddr::V6(source),
        });
        let wanted = [
            "10.2.0.2",
            "0.0.0.0",
            "2001:db8::2",
            "fe80::5054:ff:fe01:203",
        ];
        assert!(sources.eq(wanted.map(|a| a.parse::<IpAddr>().expect("legal"))));
    }
}
