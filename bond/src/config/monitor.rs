//! Options of the ARP and NS monitor: Linux's names, ranges and defaults.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{Address, ArpAllTargets, ArpValidate, Fault, Mode};
use crate::monitor::Discipline;

/// The most targets of one address family.
pub const MAX_TARGETS: usize = 16;

/// The monitor as configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorConfig {
    /// Period of the probes, in ms; 0: no monitor.
    pub arp_interval: u32,
    /// Who is asked by ARP.
    pub arp_ip_target: Vec<Ipv4Addr>,
    /// Who is asked by neighbor solicitation.
    pub ns_ip6_target: Vec<Ipv6Addr>,
    /// Which frames prove that a path works.
    pub arp_validate: ArpValidate,
    /// How many targets must answer.
    pub arp_all_targets: ArpAllTargets,
    /// Periods of silence after which a member is given up: 1 to 255.
    pub arp_missed_max: u8,
    /// The addresses of the bond's VLANs: targets in their networks are asked there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tagged: Vec<Tagged>,
}

/// An address on a VLAN of the bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    /// The VLAN identifier: 1 to 4094 (IEEE 802.1Q).
    pub vlan: u16,
    /// The address.
    pub address: Address,
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            arp_interval: 0,
            arp_ip_target: Vec::new(),
            ns_ip6_target: Vec::new(),
            arp_validate: ArpValidate::None,
            arp_all_targets: ArpAllTargets::Any,
            arp_missed_max: 2,
            tagged: Vec::new(),
        }
    }
}

const WITHOUT_MIIMON: &str = "0, or any without miimon";
const NEEDS_INTERVAL: &str = "set with arp_interval only";
const NEEDS_TARGET: &str = "0, or any with arp_ip_target or ns_ip6_target";
const TARGETS: &str = "up to 16 unicast addresses, each once";
const MODES: &str = "0: this mode has no such monitor";

impl MonitorConfig {
    /// Whether there is a monitor.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.arp_interval > 0
    }

    pub(super) fn faults(&self, mode: Mode, miimon: u32, faults: &mut Vec<Fault>) {
        let mut check = |is_legal: bool, key, value: &dyn ToString, legal| {
            if !is_legal {
                let value = value.to_string();
                faults.push(Fault { key, value, legal });
            }
        };
        let interval = self.arp_interval;
        let (v4, v6) = (self.arp_ip_target.len(), self.ns_ip6_target.len());
        if self.is_on() {
            check(
                Discipline::of(mode).is_some(),
                "arp_interval",
                &interval,
                MODES,
            );
            check(miimon == 0, "arp_interval", &interval, WITHOUT_MIIMON);
            check(v4 + v6 > 0, "arp_interval", &interval, NEEDS_TARGET);
        } else {
            check(v4 == 0, "arp_ip_target", &v4, NEEDS_INTERVAL);
            check(v6 == 0, "ns_ip6_target", &v6, NEEDS_INTERVAL);
            let validate = self.arp_validate;
            check(
                validate == ArpValidate::None,
                "arp_validate",
                &validate,
                NEEDS_INTERVAL,
            );
        }
        let v4_legal = are_legal(self.arp_ip_target.iter().map(|&ip| IpAddr::V4(ip)));
        check(v4_legal, "arp_ip_target", &v4, TARGETS);
        let v6_legal = are_legal(self.ns_ip6_target.iter().map(|&ip| IpAddr::V6(ip)));
        check(v6_legal, "ns_ip6_target", &v6, TARGETS);
        let missed = self.arp_missed_max;
        check(missed > 0, "arp_missed_max", &missed, "1 to 255");
        let all = self.arp_all_targets;
        let judges_targets = mode == Mode::ActiveBackup && self.arp_validate.is_by_target();
        check(
            all == ArpAllTargets::Any || judges_targets,
            "arp_all_targets",
            &all,
            ALL_NEEDS,
        );
    }
}

/// What `arp_all_targets = all` has to have beside it.
pub const ALL_NEEDS: &str =
    "any, or all with arp_validate active, backup, all, filter_active or filter_backup";

fn are_legal(targets: impl Iterator<Item = IpAddr> + Clone) -> bool {
    let is_host = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_broadcast() && !v4.is_multicast(),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_multicast(),
    };
    let count = targets.clone().count();
    let mut rest = targets.clone();
    let mut is_new = true;
    while let Some(one) = rest.next() {
        is_new &= rest.clone().all(|other| other != one);
    }
    count <= MAX_TARGETS && is_new && targets.clone().all(is_host)
}

impl ArpValidate {
    /// Whether frames on an active member must be valid answers.
    #[must_use]
    pub const fn validates_active(self) -> bool {
        self.number() & 1 != 0
    }

    /// Whether frames on a backup member must be valid.
    #[must_use]
    pub const fn validates_backup(self) -> bool {
        self.number() & 2 != 0
    }

    /// Whether, where nothing must be valid, only ARP and Neighbor Discovery count.
    #[must_use]
    pub const fn filters(self) -> bool {
        self.number() & 4 != 0
    }

    /// Whether frames are told apart by the target that they are of, on some member.
    #[must_use]
    pub const fn is_by_target(self) -> bool {
        self.validates_active() || self.validates_backup()
    }
}
