//! Who is asked, and in whose name.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::Mac;

use crate::config::monitor::MAX_TARGETS;
use crate::{Address, Config};

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
    },
    /// By neighbor solicitation.
    V6 {
        /// Who is asked.
        target: Ipv6Addr,
        /// The bond's address on the target's link; without one its link-local address.
        source: Ipv6Addr,
    },
}

/// The targets as configured, asked from the bond's own addresses.
pub(crate) fn targets(config: &Config, mac: Mac) -> Targets {
    let on_link = |target: IpAddr| {
        let is_on = |address: &&Address| is_on_link(address, target);
        config
            .addresses
            .iter()
            .find(is_on)
            .map(|address| address.ip)
    };
    let monitor = &config.monitor;
    let v4 = monitor.arp_ip_target.iter().take(MAX_TARGETS);
    let v4 = v4.map(|&target| Target::V4 {
        target,
        source: match on_link(target.into()) {
            Some(IpAddr::V4(source)) => source,
            Some(IpAddr::V6(_)) | None => Ipv4Addr::UNSPECIFIED,
        },
    });
    let v6 = monitor.ns_ip6_target.iter().take(MAX_TARGETS);
    let v6 = v6.map(|&target| Target::V6 {
        target,
        source: match on_link(target.into()) {
            Some(IpAddr::V6(source)) => source,
            Some(IpAddr::V4(_)) | None => link_local(mac),
        },
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
