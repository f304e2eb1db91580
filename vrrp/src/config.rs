//! What an operator may set on a virtual router: keepalived's words where it has them.

mod fault;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use wire::{Duration, Mac};

pub use fault::Fault;

/// A virtual router identifier (VRID): 1 to 255 (RFC 5798 5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Vrid(core::num::NonZeroU8);

/// A priority: 1 to 254, and 255 for the address owner (RFC 5798 5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(core::num::NonZeroU8);

/// A span in hundredths of a second, as adverts carry it: 1 to 4095 (RFC 5798 5.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Centiseconds(u16);

/// Which IP version a virtual router is for; the two have VRIDs and virtual MACs of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// A service whose death costs priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackService {
    /// The service's name.
    pub service: String,
    /// What is added to the priority while none of its reals is up: -253 to -1.
    pub weight: i16,
}

/// One virtual router, as configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The operator's name for it.
    pub name: String,
    /// The bond on whose network it is.
    pub interface: String,
    /// Its VRID; unique per interface and family.
    pub virtual_router_id: Vrid,
    /// Its priority; 255 for the owner of its addresses.
    pub priority: Priority,
    /// How often adverts are sent.
    pub advert_int: Centiseconds,
    /// Whether a Backup of higher priority takes over from a living Active. The owner always does.
    pub preempt: bool,
    /// Its addresses, one family; an IPv6 router's first one is link-local (RFC 5798 5.2.9).
    pub virtual_ipaddress: Vec<IpAddr>,
    /// The services whose death costs priority.
    pub track_service: Vec<TrackService>,
}

/// The most addresses of one virtual router: what an advert of IPv6 addresses has room for within
/// the smallest MTU.
pub const MAX_ADDRESSES: usize = 64;

impl Vrid {
    /// The VRID with this number; none for 0.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        match core::num::NonZeroU8::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl Priority {
    /// The address owner's.
    pub const OWNER: Self = Self(core::num::NonZeroU8::MAX);
    /// Unless set otherwise (RFC 5798 5.2.4).
    pub const DEFAULT: Self = match Self::new(100) {
        Some(priority) => priority,
        None => Self::OWNER,
    };

    /// The priority of this number; none for 0.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        match core::num::NonZeroU8::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl Centiseconds {
    /// The longest span of an advert: 40.95 s.
    pub const MAX: Self = Self(4_095);
    /// One second.
    pub const SECOND: Self = Self(100);

    /// A span of so many hundredths; none outside 1 to 4095.
    #[must_use]
    pub const fn new(hundredths: u16) -> Option<Self> {
        if hundredths == 0 || hundredths > Self::MAX.0 {
            None
        } else {
            Some(Self(hundredths))
        }
    }

    /// The hundredths.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The span for arithmetic.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0 as u64 * 10)
    }
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// The virtual MAC of the virtual router `vrid` (RFC 5798 7.3).
    #[must_use]
    pub const fn virtual_mac(self, vrid: Vrid) -> Mac {
        let family = match self {
            Self::Ipv4 => 1,
            Self::Ipv6 => 2,
        };
        Mac([0, 0, 0x5e, 0, family, vrid.get()])
    }
}

impl Config {
    /// The family of its addresses; IPv4 where it has none.
    #[must_use]
    pub fn family(&self) -> Family {
        self.virtual_ipaddress
            .first()
            .map_or(Family::Ipv4, |first| Family::of(*first))
    }

    /// Its virtual MAC.
    #[must_use]
    pub fn virtual_mac(&self) -> Mac {
        self.family().virtual_mac(self.virtual_router_id)
    }

    /// Whether this box owns the addresses.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.priority == Priority::OWNER
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
#[path = "tests/config.rs"]
mod tests;
