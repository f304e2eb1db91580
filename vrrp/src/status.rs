//! What `show vrrp` prints of a virtual router.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use wire::Mac;

use crate::config::{Centiseconds, Family, Vrid};
use crate::event::Reason;

/// The state of a virtual router (RFC 5798 6.4, in the words of RFC 9568).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not taking part.
    Initialize,
    /// Watching the Active router.
    Backup,
    /// Answering for the addresses.
    Active,
}

/// One virtual router: `show vrrp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The operator's name for it.
    pub name: String,
    /// The bond.
    pub interface: String,
    /// Its VRID.
    pub virtual_router_id: Vrid,
    /// Its family.
    pub family: Family,
    /// Its virtual MAC.
    pub virtual_mac: Mac,
    /// Its addresses.
    pub virtual_ipaddress: Vec<IpAddr>,
    /// Its state.
    pub state: State,
    /// The configured priority.
    pub priority: u8,
    /// The priority that counts now.
    pub effective_priority: u8,
    /// Whether it preempts.
    pub preempt: bool,
    /// How often it sends adverts when Active.
    pub advert_int: Centiseconds,
    /// For how long it has been in its state, in nanoseconds.
    pub since_ns: u64,
    /// The Active router, as far as is known: this box itself when Active.
    pub active: Option<Peer>,
    /// Active_Adver_Interval: how often the Active router sends.
    pub active_adver_interval: Centiseconds,
    /// Skew_Time in nanoseconds.
    pub skew_time_ns: u64,
    /// Active_Down_Interval in nanoseconds.
    pub active_down_interval_ns: u64,
    /// Whether the forwarder forwards; if not, it does not become Active.
    pub forwarder: Forwarder,
    /// The services whose death lowers the priority now.
    pub dead_services: Vec<String>,
    /// What happened so far.
    pub counters: Counters,
}

/// A router on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its primary IPv4 address or link-local IPv6 address.
    pub address: IpAddr,
    /// Its priority.
    pub priority: u8,
}

/// Whether the forwarder forwards, as its pulse says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarder {
    /// Its workers run.
    Alive,
    /// It has not been seen yet, or stands still.
    #[default]
    Stale,
}

/// What a virtual router did and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Times it became Active.
    pub became_active: u64,
    /// Adverts sent, those of priority 0 among them.
    pub adverts_sent: u64,
    /// Adverts of priority 0 sent.
    pub priority_zero_sent: u64,
    /// Gratuitous ARP requests and unsolicited neighbor advertisements sent.
    pub announcements_sent: u64,
    /// Adverts taken, those of priority 0 among them.
    pub adverts_received: u64,
    /// Adverts of priority 0 taken.
    pub priority_zero_received: u64,
    /// Adverts taken whose checksum covers a pseudo-header.
    pub checksum_pseudo_header: u64,
    /// Adverts taken whose checksum covers the message alone.
    pub checksum_message_only: u64,
    /// Adverts discarded because their priority loses against this box's.
    pub lower_priority: u64,
    /// Adverts taken whose interval is another one than is configured here.
    pub interval_differs: u64,
    /// Adverts taken whose addresses are others than are configured here.
    pub addresses_differ: u64,
    /// Adverts from our own address: [`DropReason::OwnFrame`](crate::DropReason::OwnFrame).
    pub own_frames: u64,
    /// Times that the Active_Down_Timer was looked at too late and ran once more.
    pub late: u64,
    /// Frames and events that the host did not take in time.
    pub lost: u64,
}

/// One change of state: an item of `show vrrp why`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyItem {
    /// The operator's name for the virtual router.
    pub name: String,
    /// How long ago it was, in nanoseconds.
    pub ago_ns: u64,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// Why.
    pub reason: Reason,
    /// Who was Active before, if known: this box itself when it was Active.
    pub active_before: Option<Peer>,
    /// To Active: how many adverts of the one before did not come.
    pub missed_adverts: u64,
    /// How much too late the timer was looked at, in nanoseconds; 0 where no timer led here.
    pub late_ns: u64,
    /// To Active: how long nobody had been heard as Active, in nanoseconds, if anybody ever was.
    pub outage_ns: Option<u64>,
}

impl State {
    /// The state's name, as in the standard.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initialize => "Initialize",
            Self::Backup => "Backup",
            Self::Active => "Active",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
