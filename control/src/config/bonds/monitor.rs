//! The options of the ARP and NS monitor.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bond::config::monitor::{ALL_NEEDS, MAX_TARGETS, Tagged};
use bond::monitor::Discipline;
use bond::{Address, ArpAllTargets, ArpValidate, Mode};
use toml::de::DeValue;

use super::super::section::{Legal, Section};
use super::super::value::{integer, is_host, once};
use super::super::vlans::Vlan;
use super::{MOST_MS, choice};

/// Every key that means nothing without `arp_interval`.
const KEYS: &[&str] = &[
    "arp_all_targets",
    "arp_ip_target",
    "arp_missed_max",
    "arp_validate",
    "ns_ip6_target",
];

pub(super) fn read(table: &Section<'_, '_>, mode: Option<Mode>, config: &mut bond::Config) {
    let monitor = &mut config.monitor;
    monitor.arp_interval = table
        .value("arp_interval", |v| integer(0..=MOST_MS, "ms", v))
        .unwrap_or(monitor.arp_interval);
    let legal = "up to 16 unicast IPv4 addresses, each once";
    monitor.arp_ip_target = targets(table, "arp_ip_target", legal, |ip| match ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None::<Ipv4Addr>,
    });
    let legal = "up to 16 unicast IPv6 addresses, each once";
    monitor.ns_ip6_target = targets(table, "ns_ip6_target", legal, |ip| match ip {
        IpAddr::V6(ip) => Some(ip),
        IpAddr::V4(_) => None::<Ipv6Addr>,
    });
    monitor.arp_missed_max = table
        .value("arp_missed_max", |v| integer(1..=u8::MAX, "intervals", v))
        .unwrap_or(monitor.arp_missed_max);
    if let Some(value) = table.value("arp_validate", choice) {
        monitor.arp_validate = value;
    }
    if let Some(value) = table.value("arp_all_targets", choice) {
        monitor.arp_all_targets = value;
    }
    if table.is_whole() && mode.is_some_and(|mode| Discipline::of(mode).is_some()) {
        check(table, config);
    }
}

fn targets<T: PartialEq + Copy>(
    table: &Section<'_, '_>,
    key: &str,
    legal: &str,
    of_family: impl Fn(IpAddr) -> Option<T>,
) -> Vec<T> {
    let read = |value: &DeValue<'_>| -> Legal<Option<(T, T)>> {
        let ip = value.as_str().and_then(|text| text.parse().ok());
        let ip = ip.filter(is_host).and_then(&of_family);
        Ok(ip.map(|ip| (ip, ip)))
    };
    let targets = once(table, key, legal, read);
    if targets.len() > MAX_TARGETS {
        table.fault(key, legal);
    }
    targets
}

/// Tells the monitor of the bond's VLANs, for targets in their networks.
pub(super) fn place(vlans: &[Vlan], config: &mut bond::Config) {
    if !config.monitor.is_on() {
        return;
    }
    let on = |vlan: &Vlan| {
        let tagged = |address: &Address| Tagged {
            vlan: vlan.id,
            address: *address,
        };
        vlan.addresses.iter().map(tagged).collect::<Vec<_>>()
    };
    config.monitor.tagged = vlans.iter().flat_map(on).collect();
}

/// What two keys say together.
fn check(table: &Section<'_, '_>, config: &bond::Config) {
    let monitor = &config.monitor;
    if !monitor.is_on() {
        for key in KEYS.iter().filter(|key| table.has(key)) {
            table.fault(key, "not set, or any with arp_interval above 0");
        }
        return;
    }
    if config.miimon > 0 {
        table.fault(
            "arp_interval",
            "0, or any without miimon: one of the two watches",
        );
    }
    if !table.has("arp_ip_target") && !table.has("ns_ip6_target") {
        table.fault(
            "arp_interval",
            "0, or any with arp_ip_target or ns_ip6_target",
        );
    }
    let is_by_target = monitor.arp_validate.is_by_target();
    if monitor.arp_all_targets == ArpAllTargets::All && !is_by_target {
        table.fault("arp_all_targets", ALL_NEEDS);
    }
    let only_backup = matches!(
        monitor.arp_validate,
        ArpValidate::Backup | ArpValidate::FilterBackup
    );
    if only_backup && config.mode != Mode::ActiveBackup {
        let legal = "none | active | all | filter | filter_active: only mode active-backup has backup members";
        table.fault("arp_validate", legal);
    }
}
