//! What `show bond` and `show lacp` print.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use wire::Mac;
use wire::lacp::PortInfo;

use crate::lacp::counters::Counters;
use crate::lacp::{churn, mux, periodic, receive, selection::Selected};
use crate::moves::Moved;
use crate::{
    AdSelect, Duplex, Fallback, Forwarder, LacpRate, Mapping, Mode, MonitorConfig, XmitHashPolicy,
};

/// Why a member carries no traffic: the first thing in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// There is no such interface.
    Missing,
    /// No carrier.
    NoCarrier,
    /// Carrier is back, `updelay` is running.
    LinkDelay,
    /// ARP or NS monitor: nobody answers by this member.
    Silent,
    /// Micro-BFD: the session of this member is not up.
    PathDown,
    /// The link came and went too often of late.
    Damped,
    /// active-backup: another member is active.
    Backup,
    /// LACP: the link is half duplex.
    HalfDuplex,
    /// LACP: our own PDUs come back.
    Loopback,
    /// LACP: the partner has never sent a PDU, or not for long.
    NoPdu,
    /// LACP: the partner's PDUs stopped.
    PartnerSilent,
    /// LACP: another partner system than the active aggregator's.
    PartnerSystem,
    /// LACP: the same partner system, but another key than the active aggregator's.
    PartnerKey,
    /// LACP: our speed or duplex differs from the active aggregator's.
    ActorKey,
    /// LACP: the partner lets the link only work alone.
    PartnerIndividual,
    /// LACP: waits so that others can join at the same time.
    WaitWhile,
    /// LACP: more ports could carry traffic than `lacp_max_bundle`, and this one's priority is last.
    Standby,
    /// LACP: the partner has not taken the link into its aggregation.
    PartnerNotInSync,
    /// LACP: the partner takes no frames yet (independent control).
    PartnerNotCollecting,
    /// The forwarder stopped.
    ForwarderStale,
    /// Fewer members than `min_links` could carry traffic.
    MinLinks,
}

impl Why {
    /// The word for it, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NoCarrier => "no_carrier",
            Self::LinkDelay => "link_delay",
            Self::Silent => "silent",
            Self::PathDown => "path_down",
            Self::Damped => "damped",
            Self::Backup => "backup",
            Self::HalfDuplex => "half_duplex",
            Self::Loopback => "loopback",
            Self::NoPdu => "no_pdu",
            Self::PartnerSilent => "partner_silent",
            Self::PartnerSystem => "partner_system",
            Self::PartnerKey => "partner_key",
            Self::ActorKey => "actor_key",
            Self::PartnerIndividual => "partner_individual",
            Self::WaitWhile => "wait_while",
            Self::Standby => "standby",
            Self::PartnerNotInSync => "partner_not_in_sync",
            Self::PartnerNotCollecting => "partner_not_collecting",
            Self::ForwarderStale => "forwarder_stale",
            Self::MinLinks => "min_links",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One bond, an item of `show bond`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The bond's name.
    pub name: String,
    /// Its mode.
    pub mode: Mode,
    /// Its MAC.
    pub mac: Mac,
    /// Whether it can carry traffic.
    pub carrier: bool,
    /// Which hash chooses the member.
    pub xmit_hash_policy: XmitHashPolicy,
    /// How the hash becomes a member.
    pub mapping: Mapping,
    /// The ARP and NS monitor, if there is one.
    pub monitor: Option<MonitorConfig>,
    /// active-backup: the active member.
    pub active: Option<String>,
    /// Whether the forwarder is alive.
    pub forwarder: Forwarder,
    /// The egress table's generation.
    pub generation: u64,
    /// How its buckets have moved.
    #[serde(default)]
    pub moved: Moved,
    /// The members in the bond's order.
    pub members: Vec<MemberStatus>,
}

/// One member of a bond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberStatus {
    /// The interface's name.
    pub name: String,
    /// The interface's index; 0: there is none.
    pub ifindex: u32,
    /// The permanent MAC.
    pub mac: Mac,
    /// Whether it has carrier.
    pub carrier: bool,
    /// Speed in Mb/s; None: not known.
    pub speed: Option<u32>,
    /// Duplex; None: not known.
    pub duplex: Option<Duplex>,
    /// Whether it carries traffic.
    pub usable: bool,
    /// Why it does not.
    pub why: Option<Why>,
    /// Buckets of the resilient mapping that it owns.
    pub buckets: usize,
    /// Its part of them beside the others' of now.
    #[serde(default)]
    pub weight: u32,
    /// How often its link went down.
    pub failures: u64,
    /// What its losses of carrier have cost it, less what was forgotten since; 0 without damping.
    pub penalty: u32,
    /// In how many milliseconds damping lets it be used again; None: it is not held.
    pub reuse_in_ms: Option<u64>,
}

/// One bond's LACP, an item of `show lacp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LacpStatus {
    /// The bond's name.
    pub bond: String,
    /// Actor_System.
    pub system: Mac,
    /// Actor_System_Priority.
    pub system_priority: u16,
    /// What we ask of the partner.
    pub rate: LacpRate,
    /// Whether we speak first.
    pub is_active: bool,
    /// Whether a port that collects distributes, too.
    pub is_coupled: bool,
    /// Which aggregator is chosen.
    pub ad_select: AdSelect,
    /// The most ports that carry traffic; 0: all.
    pub max_bundle: u8,
    /// What carries traffic while there is no partner.
    pub fallback: Fallback,
    /// The active aggregator.
    pub aggregator: Option<u8>,
    /// The ports in the bond's order.
    pub ports: Vec<PortStatus>,
}

/// One port's LACP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortStatus {
    /// The member's name.
    pub member: String,
    /// What we say of the port.
    pub actor: PortInfo,
    /// What the partner says of its port.
    pub partner: PortInfo,
    /// The Receive machine.
    pub receive: receive::State,
    /// The Periodic Transmission machine.
    pub periodic: periodic::State,
    /// Selection's verdict.
    pub selected: Selected,
    /// The Mux machine.
    pub mux: mux::State,
    /// The Actor Churn Detection machine.
    pub actor_churn: churn::State,
    /// The Partner Churn Detection machine.
    pub partner_churn: churn::State,
    /// The port's aggregator.
    pub aggregator: Option<u8>,
    /// The LAG ID as IEEE 802.1AX writes it; None: no partner.
    pub lag_id: Option<String>,
    /// Whether the port carries traffic because there is no partner.
    pub is_fallback: bool,
    /// Why the port carries no traffic.
    pub why: Option<Why>,
    /// What happened on the port.
    pub counters: Counters,
}
