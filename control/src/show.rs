//! What `fourfold show` prints: one item type per noun, shared by the daemons and the console.
//!
//! The items of `bond`, `lacp`, `health` and `vrrp` are the engines' own status types; the rest is
//! here.
//! An item is one JSON record of an answer ([`crate::ipc`]).

mod bfd;
mod configuration;
mod connections;
mod daemons;
mod drops;
mod events;
mod history;
mod interfaces;
mod ports;
mod service;
mod version;

use serde::{Deserialize, Serialize};
use sys::clock::monotonic_nanos;
use wire::{Duration, Instant};

// What the bonding engine says of itself, under the names that items have here.
pub use bond::lacp::counters::Counters as PortCounters;
pub use bond::status::{LacpStatus as LacpItem, MemberStatus as MemberItem, PortStatus};
pub use bond::{Duplex, Forwarder, Mapping, Mode, MonitorConfig, Status as BondItem};
pub use wire::lacp::{PortInfo, State as PortState};

pub use self::bfd::{BfdDropReason, BfdItem, BfdSession, BfdState, PathFrames};
pub use configuration::ConfigurationItem;
pub use connections::ConnectionItem;
pub use daemons::DaemonItem;
pub use drops::{DropItem, Fate};
pub use events::EventItem;
pub use health::{Status as HealthItem, Verdict};
pub use history::{HistoryItem, Standing};
pub use interfaces::InterfaceItem;
pub use ports::PortItem;
pub use service::{Counters, Rates, RealItem, ServiceItem};
pub use version::VersionItem;
pub use vrrp::{
    Family, Forwarder as VrrpForwarder, State as VrrpState, Status as VrrpItem, WhyItem,
};

/// How long ago a moment of `CLOCK_MONOTONIC` was, by this host's clock.
#[must_use]
pub fn age(since_ns: u64) -> Duration {
    Instant::from_nanos(monotonic_nanos()).since(Instant::from_nanos(since_ns))
}

/// A thing that `fourfold show` can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// Micro-BFD on the bonds' members.
    Bfd,
    /// The bonds and their members.
    Bond,
    /// Live connections.
    Connections,
    /// The daemons, as the supervisor sees them.
    Daemons,
    /// The running configuration.
    Configuration,
    /// Every reason to drop or to punt a frame, with its count.
    Drops,
    /// What the daemons said lately.
    Events,
    /// The checks of the reals.
    Health,
    /// The commits that one can go back to.
    History,
    /// The host's interfaces.
    Interfaces,
    /// The LACP state of each member.
    Lacp,
    /// What the daemons and the box said, also before this boot.
    Log,
    /// The NIC queues that the forwarder serves.
    Ports,
    /// Services with their reals.
    Service,
    /// What runs on the box, and what is wrong with it.
    Version,
    /// The virtual routers.
    Vrrp,
    /// The virtual routers' histories: why each is in its state.
    VrrpWhy,
}

impl Noun {
    /// Every noun, in the order of the alphabet.
    pub const ALL: [Self; 17] = [
        Self::Bfd,
        Self::Bond,
        Self::Configuration,
        Self::Connections,
        Self::Daemons,
        Self::Drops,
        Self::Events,
        Self::Health,
        Self::History,
        Self::Interfaces,
        Self::Lacp,
        Self::Log,
        Self::Ports,
        Self::Service,
        Self::Version,
        Self::Vrrp,
        Self::VrrpWhy,
    ];

    /// The word on the command line and in the records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bfd => "bfd",
            Self::Bond => "bond",
            Self::Connections => "connections",
            Self::Daemons => "daemons",
            Self::Configuration => "configuration",
            Self::Drops => "drops",
            Self::Events => "events",
            Self::Health => "health",
            Self::History => "history",
            Self::Interfaces => "interfaces",
            Self::Lacp => "lacp",
            Self::Log => "log",
            Self::Ports => "ports",
            Self::Service => "service",
            Self::Version => "version",
            Self::Vrrp => "vrrp",
            Self::VrrpWhy => "vrrp_why",
        }
    }

    /// The process that answers, or the first of them.
    #[must_use]
    pub const fn daemon(self) -> &'static str {
        match self {
            Self::Bfd | Self::Bond | Self::Lacp => "bondd",
            Self::Connections | Self::Drops | Self::Ports | Self::Service => "lvsd",
            Self::Configuration | Self::History => "ctld",
            Self::Daemons | Self::Events | Self::Log => "supervisor",
            Self::Health => "healthd",
            Self::Interfaces | Self::Version => "hostd",
            Self::Vrrp | Self::VrrpWhy => "vrrpd",
        }
    }

    /// Other processes that have items of it, too.
    #[must_use]
    pub const fn also(self) -> &'static [&'static str] {
        match self {
            Self::Drops => &["vrrpd", "hostd"],
            Self::Bfd
            | Self::Bond
            | Self::Configuration
            | Self::Connections
            | Self::Daemons
            | Self::Events
            | Self::Health
            | Self::History
            | Self::Interfaces
            | Self::Lacp
            | Self::Log
            | Self::Ports
            | Self::Service
            | Self::Version
            | Self::Vrrp
            | Self::VrrpWhy => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_is_the_same_word_on_the_command_line_and_in_a_record() {
        for noun in Noun::ALL {
            assert_eq!(serde_json::to_value(noun).expect("a word"), noun.name());
        }
    }
}
