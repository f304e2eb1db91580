//! What an operator may set on a bond: Linux's option names, values and defaults.

pub mod adaptive;
mod address;
mod choice;
pub mod damping;
mod fault;
mod micro_bfd;
pub mod monitor;
pub mod weight;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};
use wire::Mac;

pub use adaptive::AdaptiveConfig;
pub use address::{Address, AddressParseError};
pub use choice::{
    AdSelect, ArpAllTargets, ArpValidate, FailOverMac, Fallback, LacpRate, Mapping, Mode,
    PrimaryReselect, UnknownChoice, XmitHashPolicy,
};
pub use damping::DampingConfig;
pub use fault::{Fault, MAC_OF_ACTIVE};
pub use micro_bfd::MicroBfd;
pub use monitor::MonitorConfig;

/// One member of a bond, in the bond's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberConfig {
    /// Interface name, at most 15 bytes.
    pub name: String,
    /// LACP port priority (`actor_port_prio`): 0 to 65535, lower is better; default 255.
    pub port_priority: u16,
    /// Preference as the active member (`prio`): higher is better; default 0.
    pub prio: i32,
    /// Its part of the buckets of mapping `resilient`, beside the other members': 1 to
    /// [`weight::MOST`]; None: its speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u8>,
}

impl MemberConfig {
    /// A member with Linux's defaults.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_string(),
            port_priority: DEFAULT_PORT_PRIORITY,
            prio: 0,
            weight: None,
        }
    }
}

impl<'de> Deserialize<'de> for MemberConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Name(String),
            Table {
                name: String,
                #[serde(default = "default_port_priority")]
                port_priority: u16,
                #[serde(default)]
                prio: i32,
                #[serde(default)]
                weight: Option<u8>,
            },
        }
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Name(name) => Self::new(&name),
            Shape::Table {
                name,
                port_priority,
                prio,
                weight,
            } => Self {
                name,
                port_priority,
                prio,
                weight,
            },
        })
    }
}

const DEFAULT_PORT_PRIORITY: u16 = 255;

const fn default_port_priority() -> u16 {
    DEFAULT_PORT_PRIORITY
}

/// One bond, as configured. Times are milliseconds, as Linux has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The bond's name, which is its host interface's name; the key of its table in the file.
    #[serde(skip)]
    pub name: String,
    /// How the members share the work.
    pub mode: Mode,
    /// The members in the bond's order.
    pub members: Vec<MemberConfig>,
    /// How often we ask the LACP partner to send.
    #[serde(default = "defaults::lacp_rate")]
    pub lacp_rate: LacpRate,
    /// Whether we speak LACP first.
    #[serde(default = "defaults::on")]
    pub lacp_active: bool,
    /// The most members that carry traffic, the others stand by; 0: all may.
    #[serde(default)]
    pub lacp_max_bundle: u8,
    /// Whether a member that receives may send at once, without waiting for its partner to receive.
    #[serde(default = "defaults::on")]
    pub coupled_control: bool,
    /// 802.3ad: ARP and Neighbor Discovery leave by every usable member.
    #[serde(default)]
    pub broadcast_neighbor: bool,
    /// Linux's word for no fallback.
    #[serde(default)]
    pub lacp_strict: bool,
    /// What carries traffic while no LACP partner answers, unless `lacp_strict`.
    #[serde(default = "defaults::fallback")]
    pub fallback: Fallback,
    /// For how long no partner must have answered before, in ms, after LACP gave it up.
    #[serde(default)]
    pub fallback_delay: u32,
    /// Which header fields choose the member of a frame.
    #[serde(default = "defaults::xmit_hash_policy")]
    pub xmit_hash_policy: XmitHashPolicy,
    /// How a hash becomes a member.
    #[serde(default = "defaults::mapping")]
    pub mapping: Mapping,
    /// balance-rr: how many packets in a row take one member; 0: a random member for each.
    #[serde(default = "defaults::packets_per_member")]
    pub packets_per_member: u16,
    /// balance-tlb and balance-alb: how the members share the work.
    #[serde(default)]
    pub adaptive: AdaptiveConfig,
    /// Whether members that the mode does not use deliver what they receive all the same.
    #[serde(default)]
    pub all_members_active: bool,
    /// Period of the carrier monitor that `updelay` and `downdelay` are multiples of, in ms.
    /// Carrier itself is watched always.
    #[serde(default)]
    pub miimon: u32,
    /// How long carrier must be back before the member is used, in ms.
    #[serde(default)]
    pub updelay: u32,
    /// How long carrier must be gone before the member is given up, in ms.
    #[serde(default)]
    pub downdelay: u32,
    /// The ARP and NS monitor.
    #[serde(default)]
    pub monitor: MonitorConfig,
    /// Flap damping.
    #[serde(default)]
    pub damping: DampingConfig,
    /// The member preferred as the active one over all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
    /// When the primary becomes active again.
    #[serde(default = "defaults::primary_reselect")]
    pub primary_reselect: PrimaryReselect,
    /// Whose MAC the bond has (active-backup).
    #[serde(default = "defaults::fail_over_mac")]
    pub fail_over_mac: FailOverMac,
    /// Fewest usable members with which the bond still carries traffic (802.3ad).
    #[serde(default)]
    pub min_links: u8,
    /// Which aggregator carries the traffic.
    #[serde(default = "defaults::ad_select")]
    pub ad_select: AdSelect,
    /// LACP system priority: 1 to 65535, lower is better.
    #[serde(default = "defaults::ad_actor_sys_prio")]
    pub ad_actor_sys_prio: u16,
    /// LACP system; none: the bond's MAC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_actor_system: Option<Mac>,
    /// Upper 10 bits of the LACP key: 0 to 1023.
    #[serde(default)]
    pub ad_user_port_key: u16,
    /// How often each address of the bond is announced after a failover (`num_unsol_na` is the same).
    #[serde(default = "defaults::num_grat_arp")]
    pub num_grat_arp: u8,
    /// Between two announcements, in ms; 0: `miimon`, or 100 ms without that.
    #[serde(default)]
    pub peer_notif_delay: u32,
    /// How often the kernel's multicast groups are reported after a failover, 200 ms apart.
    #[serde(default = "defaults::resend_igmp")]
    pub resend_igmp: u8,
    /// Micro-BFD on the members; none: their links are not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_bfd: Option<MicroBfd>,
    /// The bond's MAC; none: the first member's permanent MAC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// MTU of the members and the host interface, in bytes.
    #[serde(default = "defaults::mtu")]
    pub mtu: u16,
    /// Addresses of the host interface.
    #[serde(default)]
    pub addresses: Vec<Address>,
}

mod defaults {
    use super::{
        AdSelect, FailOverMac, Fallback, LacpRate, Mapping, PrimaryReselect, XmitHashPolicy,
    };

    pub(super) const fn on() -> bool {
        true
    }
    pub(super) const fn fallback() -> Fallback {
        Fallback::Individual
    }
    pub(super) const fn lacp_rate() -> LacpRate {
        LacpRate::Slow
    }
    pub(super) const fn xmit_hash_policy() -> XmitHashPolicy {
        XmitHashPolicy::Layer2
    }
    pub(super) const fn mapping() -> Mapping {
        Mapping::Resilient
    }
    pub(super) const fn packets_per_member() -> u16 {
        1
    }
    pub(super) const fn primary_reselect() -> PrimaryReselect {
        PrimaryReselect::Always
    }
    pub(super) const fn fail_over_mac() -> FailOverMac {
        FailOverMac::None
    }
    pub(super) const fn ad_select() -> AdSelect {
        AdSelect::Stable
    }
    pub(super) const fn ad_actor_sys_prio() -> u16 {
        65_535
    }
    pub(super) const fn num_grat_arp() -> u8 {
        1
    }
    pub(super) const fn resend_igmp() -> u8 {
        1
    }
    pub(super) const fn mtu() -> u16 {
        1_500
    }
}

impl Config {
    /// What carries traffic while no LACP partner answers.
    #[must_use]
    pub const fn without_partner(&self) -> Fallback {
        if self.lacp_strict {
            Fallback::None
        } else {
            self.fallback
        }
    }

    /// A bond of these members with Linux's defaults.
    #[must_use]
    pub fn new(name: &str, mode: Mode, members: &[&str]) -> Self {
        Self {
            name: name.to_string(),
            mode,
            members: members.iter().map(|name| MemberConfig::new(name)).collect(),
            lacp_rate: defaults::lacp_rate(),
            lacp_active: defaults::on(),
            lacp_max_bundle: 0,
            coupled_control: defaults::on(),
            broadcast_neighbor: false,
            lacp_strict: false,
            fallback: defaults::fallback(),
            fallback_delay: 0,
            xmit_hash_policy: defaults::xmit_hash_policy(),
            mapping: defaults::mapping(),
            packets_per_member: defaults::packets_per_member(),
            adaptive: AdaptiveConfig::default(),
            all_members_active: false,
            miimon: 0,
            updelay: 0,
            downdelay: 0,
            monitor: MonitorConfig::default(),
            damping: DampingConfig::default(),
            primary: None,
            primary_reselect: defaults::primary_reselect(),
            fail_over_mac: defaults::fail_over_mac(),
            min_links: 0,
            ad_select: defaults::ad_select(),
            ad_actor_sys_prio: defaults::ad_actor_sys_prio(),
            ad_actor_system: None,
            ad_user_port_key: 0,
            num_grat_arp: defaults::num_grat_arp(),
            peer_notif_delay: 0,
            resend_igmp: defaults::resend_igmp(),
            micro_bfd: None,
            mac: None,
            mtu: defaults::mtu(),
            addresses: Vec::new(),
        }
    }
}

#[cfg(test)]
#[path = "tests/config.rs"]
mod tests;
